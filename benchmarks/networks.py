"""The networks of the benchmarks, as Keras builds them in float32."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import layers


def lenet_300_100() -> keras.Model:
    """LeNet-300-100: dense layers only, 266,610 parameters."""
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


def lenet_5() -> keras.Model:
    """LeNet-5 in Caffe's variant: 431,080 parameters."""
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


def resnet_8() -> keras.Model:
    """ResNet-8, the image classifier of MLPerf Tiny: 78,666 parameters."""

    def conv(x: keras.KerasTensor, filters: int, size: int, strides: int = 1):
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


def resnet_20() -> keras.Model:
    """ResNet-20 for pictures of 32x32x3: three stages of three basic blocks."""

    def normalized(x: keras.KerasTensor, filters: int, size: int, strides: int = 1):
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


NETWORKS: dict[str, Callable[[], keras.Model]] = {
    "lenet-300-100": lenet_300_100,
    "lenet-5": lenet_5,
    "resnet-8": resnet_8,
    "resnet-20": resnet_20,
}
