"""Batch normalization of a network as its scales and offsets alone."""

from __future__ import annotations

import keras
import numpy as np

from keras_ec.hardening import folded_normalization
from keras_ec.rounding import round_scales, round_vector


def normalizations(model: keras.Model) -> list[keras.layers.Layer]:
    """Batch normalization layers of a model."""
    return [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]


def fold(model: keras.Model) -> None:
    """Gives normalization the statistics (0, 1), and gamma and beta that keep its outputs."""
    for layer in normalizations(model):
        set_affine(layer, *folded_normalization(layer))


def round_folded(model: keras.Model) -> None:
    """Rounds gamma and beta of folded normalization, as keras_ec does."""
    for layer in normalizations(model):
        scale, offset = folded_normalization(layer)
        set_affine(layer, round_scales(scale), round_vector(offset))


def set_affine(layer: keras.layers.Layer, scale: np.ndarray, offset: np.ndarray) -> None:
    """Gives a normalization scales and offsets; its statistics become (0, 1)."""
    variance = np.full_like(scale, 1 - layer.epsilon)
    layer.set_weights([scale, offset, np.zeros_like(scale), variance])


def is_constant(variable: keras.Variable) -> bool:
    """Whether a weight is a statistic, which folding makes constant."""
    return variable.name in ("moving_mean", "moving_variance")


def whole(values: np.ndarray) -> tuple[np.ndarray, int]:
    """Values as whole multiples of the largest power of two that divides all of them.

    Args:
        values: multiples of 2^-60 or of a larger power of two.

    Returns:
        The whole numbers, int32, and the exponent of two.
    """
    exponent = int(np.floor(np.log2(np.abs(values).max(initial=2.0**-60))))
    while exponent > -60 and np.any(values / 2.0**exponent % 1):
        exponent -= 1
    return np.rint(values / 2.0**exponent).astype("int32"), exponent
