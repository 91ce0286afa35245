"""Hardening: every weight to its center, every short vector to a coarse grid.

Biases and the scales and offsets of normalisation are small in number but, at
32 bits each, not small beside a network of 0.1 bit a weight. They are rounded
to grids that depend on their largest entry alone, so that rounding again, also
after a disturbance in the last bits of float32, changes nothing.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_ec.bias_absorption import absorb_biases
from keras_ec.layers.base import ECLayer
from keras_ec.layers.centers import round_mantissa
from keras_ec.traversal import all_layers, ec_layers

VECTOR_BITS = 8
"""Default resolution of biases and offsets: steps of 1/64 to 1/127 of the largest."""

SCALE_BITS = 5
"""Significant bits of a normalisation scale: within 3.1 % of the trained value."""

_SLACK = 1e-4


def check_vector_bits(bits: int) -> None:
    """Raises a ValueError unless `bits` is a resolution that vectors can be rounded to."""
    if isinstance(bits, bool) or not isinstance(bits, (int, np.integer)) or not 2 <= bits <= 24:
        raise ValueError(
            f"Expected a whole number of bits from 2 to 24, sign included. Received: {bits!r}"
        )


def round_vector(values: Any, bits: int = VECTOR_BITS) -> np.ndarray:
    """Rounds values to signed whole multiples of a power of two.

    The step is the least power of two with which no multiple exceeds
    ``2^(bits - 1) - 1`` in magnitude.

    Args:
        values: array-like of finite floats.
        bits: bits a value, sign included, 2 to 24.

    Returns:
        float32 array of the same shape.

    Raises:
        ValueError: if `bits` is out of range.

    Example:
        >>> round_vector([0.1, -0.02, 1.0], bits=4)
        array([0., 0., 1.], dtype=float32)
    """
    check_vector_bits(bits)
    values = np.asarray(values, "float64")
    largest = np.max(np.abs(values), initial=0.0)
    if largest < 1e-30:
        return np.zeros(values.shape, "float32")
    limit = 2 ** (bits - 1) - 1
    step = 2.0 ** np.ceil(np.log2(largest / limit * (1 - _SLACK)))
    rounded = np.clip(np.round(values / step), -limit, limit) * step
    return rounded.astype("float32") + np.float32(0.0)


def round_scales(values: Any) -> np.ndarray:
    """Rounds values to `SCALE_BITS` significant bits.

    Products of such scales with hardened weights are exact in float32, and all
    scales of a layer are small multiples of one number. Values below 2^-10 of
    the largest become zero.

    Args:
        values: array-like of finite floats, any sign.

    Returns:
        float32 array of the same shape.

    Example:
        >>> round_scales([1.0, -1.26, 1e-5])
        array([ 1.  , -1.25,  0.  ], dtype=float32)
    """
    rounded = round_mantissa(values, SCALE_BITS)
    tiny = np.abs(rounded) < 2.0**-10 * np.max(np.abs(rounded), initial=0.0)
    return np.where(tiny, np.float32(0.0), rounded) + np.float32(0.0)


def folded_normalization(layer: keras.layers.BatchNormalization) -> tuple[np.ndarray, np.ndarray]:
    """Scale and offset a BatchNormalization applies to each channel at inference.

    Args:
        layer: a built layer.

    Returns:
        Two float64 arrays, shape (channels,): ``y = scale * x + offset``.
    """
    mean = ops.convert_to_numpy(layer.moving_mean).astype("float64")
    variance = ops.convert_to_numpy(layer.moving_variance).astype("float64")
    scale = 1.0 / np.sqrt(variance + layer.epsilon)
    if layer.scale:
        scale = scale * ops.convert_to_numpy(layer.gamma)
    offset = -mean * scale
    if layer.center:
        offset = offset + ops.convert_to_numpy(layer.beta)
    return scale, offset


def _round_normalization(layer: keras.layers.BatchNormalization, bits: int) -> None:
    """Changes gamma and beta so that the folded scale and offset are rounded.

    Statistics stay as they are, so training can go on afterwards. A layer
    without gamma or beta is left alone in that respect.
    """
    scale, offset = folded_normalization(layer)
    mean = ops.convert_to_numpy(layer.moving_mean).astype("float64")
    if layer.scale:
        variance = ops.convert_to_numpy(layer.moving_variance).astype("float64")
        scale = round_scales(scale).astype("float64")
        layer.gamma.assign(scale * np.sqrt(variance + layer.epsilon))
    if layer.center:
        layer.beta.assign(round_vector(offset, bits) + mean * scale)


def round_vectors(model: keras.layers.Layer, bits: int = VECTOR_BITS) -> None:
    """Rounds biases, normalisation scales and offsets of a model to coarse grids.

    That is every trainable variable of one dimension, other than centers. Of
    BatchNormalization the folded scale and offset are rounded, since these are
    what a deployed network contains. A bias before one goes into its mean first, see
    `keras_ec.bias_absorption`.

    Args:
        model: a built model.
        bits: resolution of biases and offsets, see `round_vector`.
    """
    absorb_biases(model)
    for variable in _vectors(model):
        variable.assign(round_vector(ops.convert_to_numpy(variable), bits))
    for layer in all_layers(model):
        if isinstance(layer, keras.layers.BatchNormalization) and layer.built:
            _round_normalization(layer, bits)


def _special(model: keras.layers.Layer) -> list[keras.Variable]:
    """Variables that have a rounding of their own."""
    special: list[keras.Variable] = []
    for layer in all_layers(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            special += layer.variables
        elif isinstance(layer, ECLayer):
            special += [v for w in layer.quantized_weights for v in w.centers.variables]
    return special


def _vectors(model: keras.layers.Layer) -> list[keras.Variable]:
    special = {id(variable) for variable in _special(model)}
    return [
        variable
        for variable in model.trainable_variables
        if len(variable.shape) == 1 and id(variable) not in special
    ]


def check_finite(model: keras.layers.Layer) -> None:
    """Raises a ValueError that names the first weight with NaN or infinite values."""
    for variable in model.variables:
        value = ops.convert_to_numpy(ops.cast(variable, "float32"))
        if not np.all(np.isfinite(value)):
            raise ValueError(
                f"Weight '{variable.path}' holds values that are not finite (NaN or infinity). "
                "Expected a model with finite weights; train it again, or restore a good one."
            )


def harden(model: keras.layers.Layer, vector_bits: int | None = VECTOR_BITS) -> None:
    """Hardens a model in place.

    Moves every weight of the EC layers to its center, biases before a normalization into
    its mean, and rounds other biases and normalisation scales and offsets. Idempotent.
    Training may continue later.

    Args:
        model: a built model with EC layers.
        vector_bits: bits a value for biases and offsets (default 8), or None
            to leave all short vectors as they are, biases before a normalization too.

    Raises:
        ValueError: if the model holds no EC layer, is not built, or has weights
            that are not finite, or `vector_bits` is out of range. The model is
            unchanged then.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), ECDense(3, centers=5)])
        >>> harden(model)
        >>> len(np.unique(model.layers[0].kernel)) <= 5
        True
    """
    if vector_bits is not None:
        check_vector_bits(vector_bits)
    layers = ec_layers(model)
    check_finite(model)
    for layer in layers:
        layer.harden()
    if vector_bits is not None:
        round_vectors(model, vector_bits)
