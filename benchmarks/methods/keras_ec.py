"""Entropy-constrained training with keras_ec, and its archive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
from baseline import save_weights, under_policy
from datasets import Data
from shipped import Shipped
from training import fit

import keras_ec
from keras_ec import schedules
from keras_ec.coding.container import payload_size


def compress(
    base: keras.Model, data: Data, settings: dict[str, Any], seed: int, folder: Path
) -> Shipped:
    """Trains a network under the entropy penalty and archives it; see `methods`."""
    teacher = under_policy(base, settings["policy"])
    model = keras_ec.convert(
        teacher,
        alpha=settings["alpha"],
        num_examples=len(data.x),
        centers=settings["centers"],
        center_type=settings["center_type"],
        forward=settings["forward"],
        rate_model=settings["rate_model"],
    )
    distiller = keras_ec.Distiller(
        model, teacher, settings["distillation"], settings["distillation_temperature"]
    )
    harden = keras_ec.callbacks.HardenAssignments(
        temperature=schedules.exponential(*settings["temperature"]),
        rate=schedules.linear(0.0, 1.0, end=settings["ramp"]),
        fine_tune_epochs=settings["fine_tune_epochs"],
        vector_bits=settings["vector_bits"],
    )
    fit(distiller, data, settings, seed, folder, [harden])
    save_weights(keras_ec.strip(model), folder / "network.npz")
    keras_ec.export_tflite(model, folder / "network.tflite")
    path = folder / "network.ecz"
    keras_ec.compress(folder / "network.tflite", path)
    return Shipped(payload_size(path.read_bytes()), path, keras_ec.decompress(path))
