"""Convolutional EC layers."""

import keras

from keras_ec.layers.base import ECLayer
from keras_ec.layers.registry import ec_layer


@ec_layer(keras.layers.Conv1D)
class ECConv1D(ECLayer, keras.layers.Conv1D):
    """`keras.layers.Conv1D` whose kernel sits on a few centers.

    Arguments are those of `keras.layers.Conv1D`, then those of `ECLayer`. The
    kernel, (steps, channels / groups, filters), is quantized, the bias as in `ECDense`.

    Example:
        >>> layer = ECConv1D(8, 3, centers=5)
        >>> layer(keras.ops.ones((2, 10, 4))).shape
        TensorShape([2, 8, 8])
    """


@ec_layer(keras.layers.Conv2D)
class ECConv2D(ECLayer, keras.layers.Conv2D):
    """`keras.layers.Conv2D` whose kernel sits on a few centers.

    Arguments are those of `keras.layers.Conv2D`, then those of `ECLayer`. The
    kernel, (height, width, channels / groups, filters), is quantized, the
    bias as in `ECDense`.

    Example:
        >>> layer = ECConv2D(8, 3, padding="same", forward="gaussian")
        >>> layer(keras.ops.ones((2, 10, 10, 4))).shape
        TensorShape([2, 10, 10, 8])
    """


@ec_layer(keras.layers.DepthwiseConv2D)
class ECDepthwiseConv2D(ECLayer, keras.layers.DepthwiseConv2D):
    """`keras.layers.DepthwiseConv2D` whose kernel sits on a few centers.

    Arguments are those of `keras.layers.DepthwiseConv2D`, then those of
    `ECLayer`. The kernel, (height, width, channels, depth multiplier), is
    quantized, the bias as in `ECDense`.

    Example:
        >>> layer = ECDepthwiseConv2D(3, center_type="free")
        >>> layer(keras.ops.ones((2, 10, 10, 4))).shape
        TensorShape([2, 8, 8, 4])
    """
