"""Which EC layer stands for which Keras layer."""

from __future__ import annotations

from collections.abc import Callable

import keras

EC_LAYERS: dict[type, type] = {}
"""EC layer class by the Keras layer class that it replaces."""


def ec_layer(keras_class: type) -> Callable[[type], type]:
    """Class decorator: registers an EC layer for saving and for `convert`.

    Args:
        keras_class: the Keras layer that the decorated class replaces.

    Returns:
        The decorator.
    """

    def register(ec_class: type) -> type:
        EC_LAYERS[keras_class] = ec_class
        return keras.saving.register_keras_serializable("keras_ec")(ec_class)

    return register
