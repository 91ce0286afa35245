"""Biases of layers that a BatchNormalization follows.

Such a bias does nothing: the normalization subtracts it with the mean. In the deployed
network scale and offset of the normalization are multiplied into the layer before it, and a
bias that is left there becomes a product of two rounded numbers, which takes 32 bits to code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from keras_ec.layers.base import ECLayer
from keras_ec.traversal import all_layers

LINEAR = (
    keras.layers.Dense,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
)
"""Layers that add a bias to each channel of a linear map."""


def absorb_biases(model: keras.layers.Layer) -> None:
    """Moves biases into the moving means of the normalizations after them.

    The network computes what it did, in training and inference. Biases of layers with an
    activation, or whose output goes elsewhere too, stay as they are, as do all in models
    without a graph (subclassed ones).

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
        normalization.moving_mean.assign(ops.convert_to_numpy(normalization.moving_mean) - bias)
        layer.bias.assign(ops.zeros_like(layer.bias))


def normalized_layers(
    model: keras.layers.Layer,
) -> list[tuple[keras.layers.Layer, keras.layers.BatchNormalization]]:
    """Layers whose bias a BatchNormalization subtracts again.

    Args:
        model: a built model.

    Returns:
        Pairs of a layer with a bias, without an activation, and the normalization that
        alone gets its output. None where the graph holds a layer without `get_config`.
    """
    found = []
    uses: Counter[int] = Counter()
    try:
        nodes = list(_nodes(model))
    except NotImplementedError:  # of layers that do not tell their configuration
        return []
    for layer, inputs in nodes:
        uses.update(id(source) for source in inputs)
        if isinstance(layer, keras.layers.BatchNormalization) and len(inputs) == 1:
            found.append((inputs[0], layer))
    fed = Counter(id(normalization) for _, normalization in found)
    return [
        (layer, normalization)
        for layer, normalization in found
        if uses[id(layer)] == 1 and fed[id(normalization)] == 1
        if _subtracts_bias(normalization, layer)
    ]


def _subtracts_bias(normalization: keras.layers.BatchNormalization, layer: Any) -> bool:
    """Whether a layer adds a bias last, to the channels that the normalization is of."""
    if not (type(layer) in LINEAR or (isinstance(layer, ECLayer) and isinstance(layer, LINEAR))):
        return False
    rank = normalization.input_spec.ndim
    first = getattr(layer, "data_format", None) == "channels_first"
    along = normalization.axis % rank == (1 if first else rank - 1)
    return along and layer.use_bias and layer.activation is keras.activations.linear


def _nodes(model: keras.layers.Layer) -> Iterator[tuple[Any, list[Any]]]:
    """Layers of all graphs within a model, with the layers whose outputs they get.

    A layer that is called more than once comes once, with the inputs of all calls. The
    outputs of a graph come as a node without a layer. A Sequential model has a graph within.
    """
    for part in all_layers(model):
        if isinstance(part, keras.Model) and hasattr(part, "operations"):
            graph = keras.Model(part.inputs, part.outputs)  # a subclass may hide its graph
            config = graph.get_config()
            by_name = {operation.name: operation for operation in graph.operations}
            for entry in config["layers"]:
                sources = _sources(entry["inbound_nodes"])
                yield by_name[entry["name"]], [by_name[name] for name in sources]
            yield None, [by_name[name] for name in _output_names(config["output_layers"])]


def _sources(node: Any) -> list[str]:
    """Names of the operations whose tensors a serialized call refers to."""
    if isinstance(node, dict):
        if node.get("class_name") == "__keras_tensor__":
            return [node["config"]["keras_history"][0]]
        node = list(node.values())
    nested = node if isinstance(node, (list, tuple)) else ()
    return [name for part in nested for name in _sources(part)]


def _output_names(outputs: Any) -> list[str]:
    """Names of the operations that give the outputs: entries [name, node, tensor], nested."""
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    if len(outputs) == 3 and isinstance(outputs[0], str):
        return [outputs[0]]
    return [name for part in outputs for name in _output_names(part)]
