"""Biases of layers that a BatchNormalization follows.

Such a bias does nothing: the normalization subtracts it with the mean. In the deployed
network scale and offset of the normalization are multiplied into the layer before it, and a
bias that is left there becomes a product of two rounded numbers, which takes 32 bits to code.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_ec.distillation import Distiller
from keras_ec.graph import Graph
from keras_ec.layers import ECConv1D, ECConv2D, ECDense, ECDepthwiseConv2D
from keras_ec.rounding import round_vector

LINEAR = (
    ECConv1D,
    ECConv2D,
    ECDense,
    ECDepthwiseConv2D,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.Dense,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
)
"""Layers that add a bias to each channel of a linear map; subclasses may do otherwise."""


def absorb_biases(model: keras.layers.Layer) -> None:
    """Moves biases into the moving means of the normalizations after them.

    The model computes what it did, in training and inference; penalties on the biases
    fall. Another model that shares such a layer without the normalization computes something else
    afterwards. Which layers qualify says `normalized_layers`; all others stay as they are.

    Args:
        model: a built model.

    Example:
        >>> layers = [keras.Input((4,)), keras.layers.Dense(3, bias_initializer="ones")]
        >>> model = keras.Sequential([*layers, keras.layers.BatchNormalization()])
        >>> absorb_biases(model)
        >>> float(model.layers[0].bias[0]), float(model.layers[1].moving_mean[0])
        (0.0, -1.0)
    """
    for layer, normalization in normalized_layers(model):
        bias = ops.convert_to_numpy(layer.bias)
        bits = getattr(layer, "vector_bits", None)
        if bits is not None:  # what calls of the layer add
            bias = round_vector(bias, bits)
        normalization.moving_mean.assign(ops.convert_to_numpy(normalization.moving_mean) - bias)
        layer.bias.assign(ops.zeros_like(layer.bias))


def normalized_layers(
    model: keras.layers.Layer,
) -> list[tuple[keras.layers.Layer, keras.layers.BatchNormalization]]:
    """Layers whose bias a BatchNormalization subtracts again.

    Args:
        model: a built model.

    Returns:
        Pairs of a layer of `LINEAR` with a trainable bias, without an activation, and the
        normalization that alone gets its output. Only graphs show that: there are none in
        subclassed models, but for the network within a Distiller, none within wrappers, and none
        where a layer cannot tell its configuration.
    """
    graph = Graph(model.network if isinstance(model, Distiller) else model)
    return [
        (sources[0], layer)
        for layer, sources in graph.calls
        if graph.is_called_once(layer) and graph.consumers(sources[0]) == [layer]
        if not graph.may_be_called_unseen(sources[0])
        if _subtracts_bias(layer, sources[0])
    ]


def _subtracts_bias(normalization: Any, layer: Any) -> bool:
    """Whether a layer adds a bias last, to the channels that a normalization is of."""
    if type(normalization) is not keras.layers.BatchNormalization or type(layer) not in LINEAR:
        return False
    if getattr(normalization, "renorm", False) or layer.activity_regularizer is not None:
        return False
    rank = normalization.input_spec.ndim
    first = getattr(layer, "data_format", None) == "channels_first"
    along = normalization.axis % rank == (1 if first else rank - 1)
    linear = layer.activation is keras.activations.linear
    return along and linear and layer.use_bias and layer.bias.trainable
