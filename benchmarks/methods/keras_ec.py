"""Entropy-constrained training with keras_ec, and its archive."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
from baseline import load_weights, save_weights, teacher_of, under_policy
from configuration import Configuration
from datasets import Data
from earlier_centers import EARLIER
from networks import name_of
from shipped import Shipped
from trained import trained_weights
from training import fit

import keras_ec
from keras_ec import schedules
from keras_ec.deploy.export import hardened_tflite, tflite_bytes
from keras_ec.hardening import round_vectors
from keras_ec.inspection import inspect_archive

FINE = 63
"""Centers of kernels of few weights."""


def compress(
    base: keras.Model, data: Data, settings: dict[str, Any], seed: int, folder: Path
) -> Shipped:
    """Trains a network under the entropy penalty and archives it; see `methods`.

    Without its dead units and with them, it is the same training.
    """
    if settings["remove_dead"]:
        kept = Configuration(name_of(base), "keras_ec", {**settings, "remove_dead": False}, seed)
        load_weights(base, trained_weights(kept, base, data))
        return ship(tflite_bytes(without_dead_units(base, settings["vector_bits"])), folder)
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
    return ship(hardened_tflite(model), folder)


def without_dead_units(network: keras.Model, vector_bits: int) -> keras.Model:
    """A network without its dead units.

    Args:
        network: of hardened weights.
        vector_bits: resolution of biases, where some have taken what these units gave.
    """
    smaller = keras_ec.remove_dead_units(network)
    if smaller.count_params() < network.count_params():
        round_vectors(smaller, vector_bits)
    return smaller


def ship(content: bytes, folder: Path) -> Shipped:
    """Archives a .tflite file."""
    (folder / "network.tflite").write_bytes(content)
    path = folder / "network.ecz"
    keras_ec.compress(folder / "network.tflite", path)
    return Shipped(payload_bytes(path.read_bytes()), path, keras_ec.decompress(path))


def payload_bytes(ecz: bytes) -> int:
    """Bytes of all weights in an .ecz file, of float32 where they are left in its structure."""
    inspection = inspect_archive(ecz)
    left = [tensor for tensor in inspection.tensors if tensor.coded_bits is None]
    return inspection.payload_bytes + 4 * sum(tensor.elements for tensor in left)
