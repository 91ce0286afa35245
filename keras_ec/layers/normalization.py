"""Normalization layers whose scales and offsets have a rate, and are trained rounded.

Those of BatchNormalization are not among them: it is trained with statistics of the batch
and shipped folded into another layer, so its vectors are rounded when they are known.
"""

from typing import Any

import keras

from keras_ec.layers.registry import ec_layer
from keras_ec.layers.rounded_layer import RoundedLayer
from keras_ec.regularizers import NormalizationPenalty


class ECNormalization(RoundedLayer):
    """Base of normalization layers; combine it with a Keras layer, this class first.

    With `entropy_regularizer` scales and offsets get a penalty on their rate, which draws
    scales to 1 and offsets to 0.
    """

    def build(self, input_shape: Any) -> None:
        """Creates the weights."""
        self.rate_scale = self.add_weight(
            name="rate_scale",
            shape=(),
            dtype="float32",
            initializer="ones",
            trainable=False,
            autocast=False,
        )
        super().build(input_shape)

    def add_weight(
        self, *args: Any, name: str | None = None, trainable: bool = True, **kwargs: Any
    ) -> keras.Variable:
        """Adds a weight; one that is meant to be trained gets a penalty on its rate."""
        variable = super().add_weight(*args, name=name, trainable=trainable, **kwargs)
        if self.entropy_regularizer is not None and trainable:
            start = 1.0 if name == "gamma" else 0.0
            variable.regularizer = NormalizationPenalty(
                self.entropy_regularizer, self, start, variable.regularizer
            )
        return variable

    def rate_scales(self) -> list[keras.Variable]:
        """Factors on the entropy penalty, which schedules ramp."""
        return [self.rate_scale] if self.built else []

    def assignment_state(self) -> list[keras.Variable]:
        """Variables that the layer has beyond those of its Keras layer."""
        return self.rate_scales()


@ec_layer(keras.layers.LayerNormalization)
class ECLayerNormalization(ECNormalization, keras.layers.LayerNormalization):
    """`keras.layers.LayerNormalization` with a rate and rounding of scale and offset.

    Arguments are those of `keras.layers.LayerNormalization`, then `vector_bits` and
    `entropy_regularizer`, see `RoundedLayer`. Scales and offsets of more than one axis are
    not rounded.

    Example:
        >>> layer = ECLayerNormalization(vector_bits=4)
        >>> layer(keras.ops.ones((2, 3))).shape
        TensorShape([2, 3])
    """


@ec_layer(keras.layers.GroupNormalization)
class ECGroupNormalization(ECNormalization, keras.layers.GroupNormalization):
    """`keras.layers.GroupNormalization` with a rate and rounding of scale and offset.

    Arguments are those of `keras.layers.GroupNormalization`, then `vector_bits` and
    `entropy_regularizer`, see `RoundedLayer`.

    Example:
        >>> layer = ECGroupNormalization(groups=2, vector_bits=4)
        >>> layer(keras.ops.ones((2, 4))).shape
        TensorShape([2, 4])
    """
