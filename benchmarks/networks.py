"""The networks of the benchmarks, as Keras builds them in float32.

Each is a function of the Keras to build with: Keras 3, or Keras 2 (`tf_keras`) for tools
that know no other.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras as keras_3


def lenet_300_100(keras: ModuleType = keras_3) -> keras_3.Model:
    """LeNet-300-100: dense layers only, 266,610 parameters."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(300, activation="relu"),
            layers.Dense(100, activation="relu"),
            layers.Dense(10),
        ],
        name="lenet_300_100",
    )


def lenet_5(keras: ModuleType = keras_3) -> keras_3.Model:
    """LeNet-5 in Caffe's variant: 431,080 parameters."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(20, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(50, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(500, activation="relu"),
            layers.Dense(10),
        ],
        name="lenet_5",
    )


def resnet_8(keras: ModuleType = keras_3) -> keras_3.Model:
    """ResNet-8, the image classifier of MLPerf Tiny: 78,666 parameters."""
    layers = keras.layers

    def conv(x: Any, filters: int, size: int, strides: int = 1):
        return layers.Conv2D(filters, size, strides, padding="same")(x)

    inputs = keras.Input((32, 32, 3))
    x = layers.ReLU()(layers.BatchNormalization()(conv(inputs, 16, 3)))
    for filters, strides in ((16, 1), (32, 2), (64, 2)):
        shortcut = x if strides == 1 else conv(x, filters, 1, strides)
        x = layers.ReLU()(layers.BatchNormalization()(conv(x, filters, 3, strides)))
        x = layers.BatchNormalization()(conv(x, filters, 3))
        x = layers.ReLU()(layers.Add()([x, shortcut]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10)(x), name="resnet_8")


def resnet_20(keras: ModuleType = keras_3) -> keras_3.Model:
    """ResNet-20 for pictures of 32x32x3: three stages of three basic blocks."""
    layers = keras.layers

    def normalized(x: Any, filters: int, size: int, strides: int = 1):
        x = layers.Conv2D(filters, size, strides, padding="same", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    inputs = keras.Input((32, 32, 3))
    x = layers.ReLU()(normalized(inputs, 16, 3))
    for stage, filters in enumerate((16, 32, 64)):
        for block in range(3):
            strides = 2 if stage > 0 and block == 0 else 1
            shortcut = x if strides == 1 else normalized(x, filters, 1, strides)
            x = layers.ReLU()(normalized(x, filters, 3, strides))
            x = layers.ReLU()(layers.Add()([normalized(x, filters, 3), shortcut]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10)(x), name="resnet_20")


def vgg(keras: ModuleType = keras_3) -> keras_3.Model:
    """VGG-like: six convolutions with normalization, two dense layers, 1,080,170 parameters."""
    layers = keras.layers
    inputs = x = keras.Input((32, 32, 3))
    for filters in (32, 64, 128):
        for _ in range(2):
            x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
            x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.MaxPooling2D()(x)
    x = layers.Dense(384, use_bias=False)(layers.Flatten()(x))
    x = layers.ReLU()(layers.BatchNormalization()(x))
    return keras.Model(inputs, layers.Dense(10)(x), name="vgg")


def transformer(keras: ModuleType = keras_3) -> keras_3.Model:
    """Counts the syllables of a word: an encoder of two blocks of four heads.

    The input holds one-hot letters and positions, (16, 43), so that the first dense layer
    is their embedding; the output is a logit for each of 7 counts.
    """
    layers = keras.layers
    width, heads = 64, 4

    def attended(x: Any):
        queries, keys, values = (layers.Dense(width, use_bias=False)(x) for _ in range(3))
        parts = []
        for head in range(heads):
            part = slice(head * width // heads, (head + 1) * width // heads)
            q, k, v = queries[:, :, part], keys[:, :, part], values[:, :, part]
            parts.append(layers.Attention()([q, v, k]))
        return layers.Dense(width)(layers.Concatenate()(parts))

    inputs = keras.Input((16, 43))
    x = layers.Dense(width, use_bias=False)(inputs)
    for _ in range(2):
        x = layers.Add()([x, attended(layers.LayerNormalization(epsilon=1e-5)(x))])
        hidden = layers.Dense(2 * width, activation="relu")(
            layers.LayerNormalization(epsilon=1e-5)(x)
        )
        x = layers.Add()([x, layers.Dense(width)(hidden)])
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization(epsilon=1e-5)(x))
    return keras.Model(inputs, layers.Dense(7)(x), name="transformer")


NETWORKS: dict[str, Callable[..., keras_3.Model]] = {
    "lenet-300-100": lenet_300_100,
    "lenet-5": lenet_5,
    "resnet-8": resnet_8,
    "resnet-20": resnet_20,
    "vgg": vgg,
    "transformer": transformer,
}

DATA_OF = {
    "lenet-300-100": "mnist",
    "lenet-5": "mnist",
    "resnet-8": "cifar-10",
    "resnet-20": "cifar-10",
    "vgg": "cifar-10",
    "transformer": "syllables",
}


def name_of(model: keras_3.Model) -> str:
    """Key of a network in `NETWORKS`."""
    return model.name.replace("_", "-")
