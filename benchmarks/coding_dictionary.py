"""Generates the preset dictionary with which the structure of .tflite files is compressed.

The dictionary is part of format version 1: it was generated once, and a new one needs a new
version. This program documents how. It converts a few small networks with the TensorFlow Lite
converter, takes their weights out, and joins what is left, the most common kinds last, cut to
the dictionary's size from the front.

    python benchmarks/coding_dictionary.py > keras_ec/coding/structure_dictionary.py
"""

import base64
import contextlib
import io
import os
import zlib
from collections.abc import Iterator
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SIZE = 6144
_HEADER = '''"""Preset dictionary of format version 1: what .tflite files without weights look like.

Made by `benchmarks/coding_dictionary.py`. Never changes within a format version.
"""

import base64
import zlib

CRC32 = {crc:#010x}
DICTIONARY = zlib.decompress(
    base64.b85decode(
{lines}
    )
)
"""{size} bytes."""
'''


def _networks() -> Iterator[Any]:
    """Yields small networks of the common kinds, the most common last."""
    import keras
    from keras import layers

    def sequential(*stack: Any) -> Any:
        keras.utils.clear_session()
        return keras.Sequential(list(stack))

    inputs = keras.Input((12, 12, 16))
    x = layers.Conv2D(24, 3, padding="same", use_bias=False)(inputs)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Add()([layers.Conv2D(24, 1, strides=2)(x), layers.AveragePooling2D(2)(x)])
    yield keras.Model(inputs, layers.Dense(11)(layers.GlobalAveragePooling2D()(x)))
    yield sequential(
        keras.Input((40, 6)),
        layers.Conv1D(12, 5, activation="relu"),
        layers.MaxPooling1D(2),
        layers.Flatten(),
        layers.Dense(7, activation="softmax"),
    )
    yield sequential(
        keras.Input((24, 24, 3)),
        layers.Conv2D(9, 3, strides=2, activation="relu"),
        layers.DepthwiseConv2D(3, padding="same", activation="relu6"),
        layers.Conv2D(18, 1),
        layers.Flatten(),
        layers.Dense(6),
    )
    yield sequential(
        keras.Input((20, 20, 1)),
        layers.Conv2D(14, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(22, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(90, activation="relu"),
        layers.Dense(12, activation="softmax"),
    )
    yield sequential(
        keras.Input((150,)),
        layers.Dense(120, activation="relu"),
        layers.Dense(60, activation="relu"),
        layers.Dense(40, activation="relu"),
        layers.Dense(13),
    )


def _structure(model: Any) -> bytes:
    """Returns a converted network without its weights."""
    import tensorflow as tf

    from keras_ec.deploy.weight_buffers import find_weight_buffers

    with contextlib.redirect_stdout(io.StringIO()):
        content = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    parts, position = [], 0
    for buffer in find_weight_buffers(content):
        parts.append(content[position : buffer.offset])
        position = buffer.offset + buffer.size
    return b"".join([*parts, content[position:]])


def main() -> None:
    """Prints the module that holds the dictionary."""
    dictionary = b"".join(_structure(model) for model in _networks())[-SIZE:]
    text = base64.b85encode(zlib.compress(dictionary, 9)).decode()
    lines = "\n".join(f'        "{text[i : i + 88]}"' for i in range(0, len(text), 88))
    crc = zlib.crc32(dictionary)
    print(_HEADER.format(crc=crc, lines=lines, size=len(dictionary)), end="")


if __name__ == "__main__":
    main()
