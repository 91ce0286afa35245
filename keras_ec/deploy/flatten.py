"""Flatten as the deployed network needs it: one reshape to a constant shape.

Keras' Flatten reads the batch size at run time. The converter turns that into
four operators and their tensors; with the batch size inferred one is enough.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from keras_ec.cloning import serialized


@keras.saving.register_keras_serializable("keras_ec")
class ConstantFlatten(keras.layers.Layer):
    """Flattens all axes but the first, whose size is inferred.

    Expects inputs of known shape, the batch axis excepted; others are left to
    `keras.layers.Flatten`.
    """

    def call(self, inputs: Any) -> Any:
        """Reshapes (batch, ...) to (batch, product of the rest)."""
        rest = inputs.shape[1:]
        if None in rest:
            return keras.layers.Flatten()(inputs)
        return ops.reshape(inputs, (-1, math.prod(rest)))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Shape of the flattened inputs."""
        return keras.layers.Flatten().compute_output_shape(input_shape)


def constant_flatten(node: dict) -> dict:
    """Serialized `ConstantFlatten` for a serialized Flatten.

    Args:
        node: serialized form of any layer.

    Returns:
        That of its replacement; `node` itself if it is another layer, or one
        that moves the channels first.
    """
    config = node["config"]
    if node["class_name"] != "Flatten" or node.get("registered_name"):
        return node
    if config.get("data_format") == "channels_first":
        return node
    return serialized(ConstantFlatten, {key: config[key] for key in ("name", "dtype")})
