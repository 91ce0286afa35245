"""Flatten and Reshape as the deployed network needs them: one reshape to a constant shape.

Keras reads the batch size at run time. The converter turns that into four operators
and their tensors; with the batch size inferred one is enough.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_ec.cloning import keras_layer_of, serialized


class _ConstantShape(keras.layers.Layer):
    """A layer that only reshapes, with the first axis, the batch, inferred.

    Where other axes are not known, the Keras layer does it.
    """

    def call(self, inputs: Any) -> Any:
        """The values of the inputs in the shape of the Keras layer's output."""
        rest = self.compute_output_shape(inputs.shape)[1:]
        if None in rest:
            return super().call(inputs)
        return ops.reshape(inputs, (-1, *rest))


@keras.saving.register_keras_serializable("keras_ec")
class ConstantFlatten(_ConstantShape, keras.layers.Flatten):
    """Flatten to a constant shape."""


@keras.saving.register_keras_serializable("keras_ec")
class ConstantReshape(_ConstantShape, keras.layers.Reshape):
    """Reshape to a constant shape."""


_CONSTANT = {"Flatten": ConstantFlatten, "Reshape": ConstantReshape}


def constant_reshape(node: dict) -> dict:
    """Serialized layer of a constant shape for a serialized Flatten or Reshape.

    Args:
        node: serialized form of any layer.

    Returns:
        That of its replacement; `node` itself if it is another layer, one of a
        subclass included, or one that moves the channels first.
    """
    constant = _CONSTANT.get(keras_layer_of(node))
    if constant is None or node["config"].get("data_format") == "channels_first":
        return node
    return serialized(constant, node["config"])
