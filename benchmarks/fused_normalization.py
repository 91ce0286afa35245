"""Batch normalization of pictures by TensorFlow's fused operation, which CPUs run faster.

Keras 3 computes moments and applies them in operations of their own. Outputs, gradients and
moving statistics of the fused one are the same but for rounding.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf


@contextlib.contextmanager
def fused_normalization() -> Iterator[None]:
    """Within it, all `keras.layers.BatchNormalization` are trained by the fused operation."""
    layer = keras.layers.BatchNormalization
    original = layer.call

    def call(self: Any, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        fits = len(inputs.shape) == 4 and self.axis in (-1, 3) and self.scale and self.center
        if not (training and self.trainable and fits and mask is None):
            return original(self, inputs, training=training, mask=mask)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=keras.ops.cast(self.gamma, "float32"),
            offset=keras.ops.cast(self.beta, "float32"),
            mean=tf.zeros(0),
            variance=tf.zeros(0),
            epsilon=self.epsilon,
            is_training=True,
        )
        # the operation divides by one less than the count, Keras by the count
        count = tf.cast(tf.size(inputs) / inputs.shape[-1], "float32")
        variance *= (count - 1) / count
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + value * (1 - self.momentum))
        return outputs

    layer.call = call
    try:
        yield
    finally:
        layer.call = original
