"""Hardening: every weight to its center, every short vector to a coarse grid.

Biases and the scales and offsets of normalization are small in number but, at
32 bits each, not small beside a network of 0.1 bit a weight. They are rounded too.
"""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import ops

from keras_ec.bias_absorption import absorb_biases
from keras_ec.layers.base import ECLayer
from keras_ec.layers.rounded_layer import RoundedLayer
from keras_ec.rounding import VECTOR_BITS, check_vector_bits, round_scales, round_vector
from keras_ec.traversal import all_layers, ec_layers, rounded_layers


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


USUAL_OFFSET = 4.0
"""Offsets of a normalization are rounded finely enough for this many standard deviations."""
NEGLIGIBLE = 2.0**-10
"""Channels whose standard deviation is such a share of the largest one are constants."""


def _round_normalization(layer: keras.layers.BatchNormalization, bits: int) -> None:
    """Changes gamma and beta so that the folded scale and offset are rounded.

    What is small is told by gamma, the standard deviation that the layer gives a channel. The
    scale and the offset depend on the range of its inputs too, which may differ by any factor.
    Statistics stay as they are, so training can go on afterwards. A layer
    without gamma or beta is left alone in that respect.
    """
    deviation = np.ones(1)
    if layer.scale:
        scale, _ = folded_normalization(layer)
        variance = ops.convert_to_numpy(layer.moving_variance).astype("float64")
        gamma = round_scales(scale) * np.sqrt(variance + layer.epsilon)
        deviation = np.abs(gamma)
        layer.gamma.assign(np.where(deviation < NEGLIGIBLE * deviation.max(), 0.0, gamma))
    if layer.center:
        scale, offset = folded_normalization(layer)
        mean = ops.convert_to_numpy(layer.moving_mean).astype("float64")
        usual = USUAL_OFFSET * deviation.max() or math.inf
        layer.beta.assign(round_vector(offset, bits, usual) + mean * scale)


def round_vectors(model: keras.layers.Layer, bits: int = VECTOR_BITS) -> None:
    """Rounds biases, normalization scales and offsets of a model to coarse grids.

    That is every trainable variable of one dimension, other than centers and the vectors of layers
    with `vector_bits` of their own. Of BatchNormalization the folded scale and offset are rounded,
    since these are what a deployed network contains. A bias before one goes into its mean first,
    see `keras_ec.bias_absorption`.

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
        elif isinstance(layer, RoundedLayer):
            special += layer.rounded_vectors
        if isinstance(layer, ECLayer):
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

    Moves every weight of the EC layers to its center and rounds their vectors, where they have
    `vector_bits`. Moves biases before a normalization into its mean, and rounds other biases and
    normalization scales and offsets. Idempotent.
    Training may continue later.

    Args:
        model: a built model with EC layers.
        vector_bits: bits a value for biases and offsets of layers that have no `vector_bits`
            of their own (default 8), or None to leave these as they are, biases before a
            normalization too.

    Raises:
        ValueError: if the model is no Keras model, holds no EC layer, is not built, or has weights
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
    if not isinstance(model, keras.layers.Layer):
        raise ValueError(f"Expected a Keras model. Received: {type(model).__name__}")
    ec_layers(model)
    check_finite(model)
    for layer in rounded_layers(model):
        layer.harden()
    if vector_bits is not None:
        round_vectors(model, vector_bits)
