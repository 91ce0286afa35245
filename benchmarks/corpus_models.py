"""Makes .tflite files of well-known architectures, with random weights, in every precision.

The architectures are those of `keras.applications`, two text models, and two recurrent ones, of
which one has a loop. No weights are downloaded. Every model is converted as float32, float16, with
weights of 8 bits (dynamic range), fully quantized to 8 bits by calibration on random inputs, and
as float32 with the weights behind the flatbuffer, as in files of more than 2 GB.
"""

import contextlib
import functools
import io
import os
import sys
from collections.abc import Callable, Iterator

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from keras_ec.deploy.atomic_file import write_atomically

PRECISIONS = ("float32", "float16", "dynamic", "int8", "offsets")


_CRASHES = {("loop", "int8")}
"""What ends TensorFlow 2.17's converter with a segmentation fault."""


def _application(name: str, size: int, **arguments: object) -> keras.Model:
    return getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), **arguments)


def _recurrent() -> keras.Model:
    layers = [keras.layers.LSTM(96, return_sequences=True, unroll=True)]
    layers += [keras.layers.GRU(64, unroll=True), keras.layers.Dense(12)]
    return keras.Sequential([keras.Input((20, 40)), *layers])


def _loop() -> keras.Model:
    layers = [keras.layers.GRU(64, return_sequences=True), keras.layers.GRU(32)]
    return keras.Sequential([keras.Input((20, 40), batch_size=1), *layers, keras.layers.Dense(12)])


def _transformer() -> keras.Model:
    inputs = keras.Input((32, 128))
    x = inputs
    for _ in range(2):
        attended = keras.layers.MultiHeadAttention(4, 32)(x, x)
        x = keras.layers.LayerNormalization()(x + attended)
        hidden = keras.layers.Dense(256, activation="gelu")(x)
        x = keras.layers.LayerNormalization()(x + keras.layers.Dense(128)(hidden))
    return keras.Model(inputs, keras.layers.Dense(4)(keras.layers.Flatten()(x)))


def _embedding() -> keras.Model:
    inputs = keras.Input((64,), dtype="int32")
    x = keras.layers.Embedding(4000, 32)(inputs)
    x = keras.layers.Conv1D(64, 5, activation="relu")(x)
    x = keras.layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, keras.layers.Dense(6)(x))


MODELS: dict[str, Callable[[], keras.Model]] = {
    "mobilenet": functools.partial(_application, "MobileNet", 96, alpha=0.25),
    "mobilenet_v2": functools.partial(_application, "MobileNetV2", 96, alpha=0.35),
    "mobilenet_v3_small": functools.partial(_application, "MobileNetV3Small", 96),
    "efficientnet_b0": functools.partial(_application, "EfficientNetB0", 96),
    "resnet_50": functools.partial(_application, "ResNet50", 96),
    "recurrent": _recurrent,
    "loop": _loop,
    "transformer": _transformer,
    "embedding": _embedding,
}


def _samples(model: keras.Model) -> Iterator[list[np.ndarray]]:
    rng = np.random.default_rng(0)
    shape = (1, *model.inputs[0].shape[1:])
    for _ in range(4):
        sample = rng.integers(0, 4000, shape) if model.name == "embedding" else rng.random(shape)
        yield [sample.astype(model.inputs[0].dtype)]


def convert(model: keras.Model, precision: str) -> bytes:
    """Returns a model as a .tflite file.

    Args:
        model: A built model with one input.
        precision: One of `PRECISIONS`.
    """
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if precision == "offsets":
        converter._experimental_use_buffer_offset = True
    elif precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    elif precision == "int8":
        converter.representative_dataset = functools.partial(_samples, model)
    with contextlib.redirect_stdout(io.StringIO()):
        return converter.convert()


def make_models(folder: str | os.PathLike[str]) -> list[str]:
    """Writes `<model>-<precision>.tflite` files that are not there yet.

    Args:
        folder: Where they are, or go.

    Returns:
        The paths of all.
    """
    os.makedirs(folder, exist_ok=True)
    paths = []
    for name, make in MODELS.items():
        model = None
        for precision in PRECISIONS:
            if (name, precision) in _CRASHES:
                continue
            path = os.path.join(folder, f"{name}-{precision}.tflite")
            paths.append(path)
            if os.path.exists(path):
                continue
            if model is None:
                keras.utils.set_random_seed(0)
                model = make()
                model.name = name
            write_atomically(path, convert(model, precision))
    return paths
