"""TensorFlow Model Optimization, in a process of its own: it switches `tf.keras` to Keras 2."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import keras
from baseline import load_weights, save_weights
from configuration import Configuration
from datasets import Data
from environment import run_process
from networks import name_of
from shipped import Shipped, ship_tflite

from methods.post_training import quantized


def compress(
    base: keras.Model, data: Data, settings: dict[str, Any], seed: int, folder: Path
) -> Shipped:
    """Prunes or clusters a network while it is trained; see `methods`.

    Precisions and compressors of one trained network share its training.
    """
    trained = _trained(base, data, settings, seed)
    if settings["technique"] == "pcqat":
        content = (trained / "network.tflite").read_bytes()
    else:
        load_weights(base, trained / "network.npz")
        content = quantized(base, settings["precision"], folder)
    return ship_tflite(content, settings["compressor"], folder)


def _trained(base: keras.Model, data: Data, settings: dict[str, Any], seed: int) -> Path:
    """Directory with the trained network, which is trained if it is not there."""
    network = name_of(base)
    of_training = {k: v for k, v in settings.items() if k not in ("precision", "compressor")}
    folder = Configuration(network, "tfmot", of_training, seed).folder()
    folder.mkdir(parents=True, exist_ok=True)
    result = "network.tflite" if settings["technique"] == "pcqat" else "network.npz"
    if not (folder / result).exists():
        save_weights(base, folder / "base.npz")
        run_process(
            sys.executable,
            "tfmot_trainer",
            folder,
            network=network,
            settings=of_training,
            seed=seed,
            data=data.source and str(data.source.resolve()),
        )
    return folder
