"""TensorFlow Model Optimization, in a process of its own: it switches `tf.keras` to Keras 2."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import keras
from baseline import save_weights
from datasets import Data
from environment import run_process
from networks import name_of
from shipped import Shipped, ship_tflite


def compress(
    base: keras.Model, data: Data, settings: dict[str, Any], seed: int, folder: Path
) -> Shipped:
    """Prunes or clusters a network while it is trained; see `methods`."""
    if not (folder / "network.tflite").exists():
        save_weights(base, folder / "base.npz")
        run_process(
            sys.executable,
            "tfmot_trainer",
            folder,
            network=name_of(base),
            settings=settings,
            seed=seed,
            data=data.source and str(data.source.resolve()),
        )
    content = (folder / "network.tflite").read_bytes()
    return ship_tflite(content, settings["compressor"], folder)
