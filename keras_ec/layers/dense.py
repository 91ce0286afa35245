"""Fully connected EC layers."""

import keras

from keras_ec.layers.base import ECLayer
from keras_ec.layers.registry import ec_layer


@ec_layer(keras.layers.Dense)
class ECDense(ECLayer, keras.layers.Dense):
    """`keras.layers.Dense` whose kernel sits on a few centers.

    Arguments are those of `keras.layers.Dense`, then those of `ECLayer`:
    `centers`, `center_type`, `forward`, `entropy_regularizer`, `vector_bits`. Input
    and output shapes are those of the Keras layer; the kernel, (inputs, units), is
    quantized. The bias stays float32, rounded in every call where there are `vector_bits`.

    Example:
        >>> layer = ECDense(4, activation="relu", centers=7)
        >>> layer(keras.ops.ones((2, 3))).shape
        TensorShape([2, 4])
    """
