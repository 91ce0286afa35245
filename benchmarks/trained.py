"""Trained networks of other points, made where they are missing."""

from __future__ import annotations

import importlib
import time
from pathlib import Path

import keras
from configuration import Configuration
from datasets import Data


def trained_weights(configuration: Configuration, base: keras.Model, data: Data) -> Path:
    """Weights of a point's network; made, and stored as that point's, if they are missing.

    Args:
        configuration: the point.
        base: the pretrained network.
        data: what to train on.

    Returns:
        A file that `baseline.load_weights` reads.
    """
    path = configuration.folder() / "network.npz"
    if not path.exists():
        method = importlib.import_module(f"methods.{configuration.method}")
        configuration.folder().mkdir(parents=True, exist_ok=True)
        started = time.time()
        arguments = (configuration.all_settings(), configuration.seed)
        shipped = method.compress(base, data, *arguments, configuration.folder())
        shipped.save(time.time() - started)
    return path
