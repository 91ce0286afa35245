"""Dense on sequences as the deployed network needs it: one operator.

Keras' Dense reads the shape of an input with more than two axes at run time, to
flatten all but the last and to restore them. The converter turns that into nine
operators more, and their tensors. A product of matrices over the leading axes becomes a
single FULLY_CONNECTED, with bias and activation within.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_ec.cloning import keras_layer_of, serialized


@keras.saving.register_keras_serializable("keras_ec")
class BatchedDense(keras.layers.Dense):
    """A Dense layer that multiplies inputs of any rank as they are."""

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Output of the layer, shape (batch, ..., units)."""
        if len(inputs.shape) == 2:
            return super().call(inputs)
        import tensorflow as tf

        outputs = tf.linalg.matmul(inputs, ops.convert_to_tensor(self.kernel))
        if self.bias is not None:
            outputs = ops.add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)


def batched_dense(node: dict) -> dict:
    """Serialized `BatchedDense` for a serialized Dense.

    Args:
        node: serialized form of any layer.

    Returns:
        That of its replacement; `node` itself if it is another layer, one of a
        subclass included.
    """
    if keras_layer_of(node) != "Dense":
        return node
    return serialized(BatchedDense, node["config"])
