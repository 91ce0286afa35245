"""Entropy-constrained training with keras_ec, and its archive."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
from baseline import save_weights, teacher_of, under_policy
from datasets import Data
from earlier_centers import EARLIER
from shipped import Shipped
from training import fit

import keras_ec
from keras_ec import schedules
from keras_ec.inspection import inspect_archive

FINE = 63
"""Centers of kernels of few weights."""


def compress(
    base: keras.Model, data: Data, settings: dict[str, Any], seed: int, folder: Path
) -> Shipped:
    """Trains a network under the entropy penalty and archives it; see `methods`."""
    model = keras_ec.convert(
        under_policy(base, settings["policy"]),
        alpha=settings["alpha"],
        num_examples=len(data.x),
        centers=centers_of(settings),
        center_type=("" if settings["largest_gap"] else EARLIER) + settings["center_type"],
        forward=settings["forward"],
        rate_model=settings["rate_model"],
        vector_bits=settings["trained_vector_bits"],
    )
    callback = harden_assignments(settings, 1.0, schedules.exponential(*settings["temperature"]))
    return train_and_ship(model, base, data, settings, seed, folder, callback)


def centers_of(settings: dict[str, Any]) -> int | Callable[[keras.layers.Layer], int]:
    """Centers of all kernels, or a function that gives `FINE` for layers of few weights."""
    if not settings["fine_below"]:
        return settings["centers"]

    def centers(layer: keras.layers.Layer) -> int:
        few = math.prod(layer.kernel.shape) < settings["fine_below"]
        return FINE if few else settings["centers"]

    return centers


def harden_assignments(
    settings: dict[str, Any], rate: float, temperature: schedules.Schedule | None = None
) -> keras_ec.callbacks.HardenAssignments:
    """The callback of a training.

    Args:
        settings: all settings of the method.
        rate: last factor on the rate.
        temperature: schedule of the temperature; the library's if None, or where it has no effect.
    """
    return keras_ec.callbacks.HardenAssignments(
        temperature=temperature,
        rate=schedules.linear(0.0, rate, end=settings["ramp"]),
        fine_tune_epochs=settings["fine_tune_epochs"],
        vector_bits=settings["vector_bits"],
    )


def train_and_ship(
    model: keras.Model,
    base: keras.Model,
    data: Data,
    settings: dict[str, Any],
    seed: int,
    folder: Path,
    callback: keras.callbacks.Callback,
) -> Shipped:
    """Trains a converted network, hardens and archives it.

    Args:
        model: the converted network.
        base: the float32 network.
        data: what to train on.
        settings: all settings of the method.
        seed: of order and augmentation.
        folder: where files go.
        callback: hardens the network at the end.

    Returns:
        What is shipped.
    """
    teacher = teacher_of(base, settings)
    distiller = keras_ec.Distiller(
        model, teacher, settings["distillation"], settings["distillation_temperature"]
    )
    fit(distiller, data, settings, seed, folder, [callback])
    save_weights(keras_ec.strip(model), folder / "network.npz")
    keras_ec.export_tflite(model, folder / "network.tflite")
    path = folder / "network.ecz"
    keras_ec.compress(folder / "network.tflite", path)
    return Shipped(payload_bytes(path.read_bytes()), path, keras_ec.decompress(path))


def payload_bytes(ecz: bytes) -> int:
    """Bytes of all weights in an .ecz file, of float32 where they are left in its structure."""
    inspection = inspect_archive(ecz)
    left = [tensor for tensor in inspection.tensors if tensor.coded_bits is None]
    return inspection.payload_bytes + 4 * sum(tensor.elements for tensor in left)
