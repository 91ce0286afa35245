"""Generates what the coder of flatbuffer structure knows beforehand.

The dictionary and the weights are part of format version 1: they were generated once, and new
ones need a new version. This program documents how. It converts small networks and takes their
weights out. What is left of the first ones, the most common kinds first, cut to size from the
end, is the dictionary; over the others the weights are trained.

    python benchmarks/structure_prior.py > keras_ec/coding/structure_prior.py
"""

import argparse
import base64
import contextlib
import io
import os
import sys
import zlib
from collections.abc import Iterator
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SIZE = 6144
PASSES = 3
WEIGHT_SHIFT = 11
_HEADER = '''"""What the coder of structure knows beforehand: dictionary and weights of version 1.

Made by `benchmarks/structure_prior.py`. Never changes within a format version.
"""

import base64
import zlib

CRC32 = {crc:#010x}
"""Of the dictionary followed by the weights, a byte each, units of `2**-5`."""

_DATA = zlib.decompress(
    base64.b85decode(
{lines}
    )
)
DICTIONARY = _DATA[:{size}]
WEIGHTS = tuple((value - 256 if value > 127 else value) << {shift} for value in _DATA[{size}:])
"""Units of `2**-16`."""
'''


def _dense(inputs: int, *units: int, softmax: bool = False) -> Any:
    import keras
    from keras import layers

    hidden = [layers.Dense(n, activation="relu") for n in units[:-1]]
    last = layers.Dense(units[-1], activation="softmax" if softmax else None)
    return keras.Sequential([keras.Input((inputs,)), *hidden, last])


def _convolutional(side: int, channels: int, filters: tuple, units: tuple, pool: bool) -> Any:
    import keras
    from keras import layers

    stack: list[Any] = [keras.Input((side, side, channels))]
    for count in filters:
        stack.append(layers.Conv2D(count, 3, strides=1 if pool else 2, activation="relu"))
        if pool:
            stack.append(layers.MaxPooling2D(2))
    stack.append(layers.Flatten())
    stack += [layers.Dense(n, activation="relu") for n in units[:-1]]
    return keras.Sequential([*stack, layers.Dense(units[-1])])


def _separable(side: int, filters: tuple, classes: int) -> Any:
    import keras
    from keras import layers

    stack: list[Any] = [keras.Input((side, side, 3))]
    stack += [layers.Conv2D(filters[0], 3, 2, padding="same", use_bias=False)]
    stack += [layers.BatchNormalization(), layers.ReLU(6.0)]
    for count in filters[1:]:
        stack += [layers.DepthwiseConv2D(3, padding="same", use_bias=False)]
        stack += [layers.BatchNormalization(), layers.ReLU(6.0)]
        stack += [layers.Conv2D(count, 1, use_bias=False)]
        stack += [layers.BatchNormalization(), layers.ReLU(6.0)]
    stack += [layers.GlobalAveragePooling2D(), layers.Dense(classes, activation="softmax")]
    return keras.Sequential(stack)


def _residual(side: int, filters: tuple, classes: int) -> Any:
    import keras
    from keras import layers

    def convolve(x: Any, count: int, size: int, strides: int = 1) -> Any:
        x = layers.Conv2D(count, size, strides, padding="same", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    inputs = keras.Input((side, side, 3))
    x = layers.ReLU()(convolve(inputs, filters[0], 3))
    for block, count in enumerate(filters):
        strides = 2 if block else 1
        shortcut = convolve(x, count, 1, strides) if block else x
        y = layers.ReLU()(convolve(x, count, 3, strides))
        x = layers.ReLU()(layers.Add()([convolve(y, count, 3), shortcut]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(classes)(x))


def _signal(length: int, filters: tuple, classes: int) -> Any:
    import keras
    from keras import layers

    stack: list[Any] = [keras.Input((length, 4))]
    for count in filters:
        stack += [layers.Conv1D(count, 5, activation="relu"), layers.MaxPooling1D(2)]
    return keras.Sequential([*stack, layers.Flatten(), layers.Dense(classes)])


def _exported(model: Any) -> bytes:
    import keras_ec
    from keras_ec.deploy.export import hardened_tflite

    model = keras_ec.convert(model, alpha=0.1, num_examples=1000)
    keras_ec.harden(model)
    with contextlib.redirect_stdout(io.StringIO()):
        return hardened_tflite(model)


def _named(model: Any) -> bytes:
    """A network with the names that the converter gives to tensors."""
    import tensorflow as tf

    import keras_ec
    from keras_ec.deploy.export import deployable

    model = keras_ec.convert(model, alpha=0.1, num_examples=1000)
    keras_ec.harden(model)
    with contextlib.redirect_stdout(io.StringIO()):
        return tf.lite.TFLiteConverter.from_keras_model(deployable(model)).convert()


def _dictionary_sources() -> Iterator[bytes]:
    """Yields networks for the dictionary, the most common kinds first."""
    yield _exported(_dense(150, 120, 60, 13))
    yield _exported(_convolutional(20, 1, (14, 22), (90, 12), pool=True))
    yield _exported(_residual(24, (12, 20), 11))
    yield _exported(_separable(40, (9, 18), 6))
    yield _named(_convolutional(26, 3, (7,), (21, 9), pool=False))
    yield _exported(_signal(44, (12,), 7))


def _weight_sources() -> Iterator[bytes]:
    """Yields networks for the weights."""
    yield _exported(_dense(90, 200, 50, 33, 5, softmax=True))
    yield _exported(_residual(28, (15, 25, 35), 8))
    yield _exported(_dense(600, 70, 8, 70, 600))
    yield _exported(_convolutional(33, 3, (10, 11, 13), (17,), pool=True))
    yield _exported(_separable(56, (10, 24, 30), 15))
    yield _named(_dense(77, 55, 44, 3))
    yield _exported(_convolutional(40, 1, (6, 12), (30, 4), pool=False))
    yield _exported(_signal(100, (6, 9), 4))


def _structure(content: bytes) -> tuple[bytes, list[int]]:
    """Returns what no tensor of a file covers, and the addresses it has."""
    from keras_ec.coding.representation import bytes_of
    from keras_ec.coding.tensor_positions import find_position, residual_spans
    from keras_ec.deploy.representation_choice import choose_representation
    from keras_ec.deploy.weight_buffers import find_weight_buffers

    positions, end = [], 0
    for buffer in find_weight_buffers(content):
        item = choose_representation(content, buffer)
        if item is not None:
            positions.append(find_position(content, buffer.offset, bytes_of(item), end))
            end = buffer.offset + buffer.size
    addresses = [a for span in residual_spans(positions, len(content)) for a in span]
    return bytes(content[a] for a in addresses), addresses


class _Meter:
    """Measures code lengths; takes the place of a range coder."""

    def __init__(self) -> None:
        from keras_ec.coding.cost_coder import CostCoder

        self._cost = CostCoder()

    def code_bit(self, p: int, bit: int | None = None) -> int:
        """Adds the cost of a bit."""
        self._cost.code([p], [bit])
        return bit

    def size(self) -> float:
        """Bytes so far."""
        return self._cost.bits / 8


def main() -> None:
    """Prints the module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=SIZE, help="bytes of the dictionary")
    size = parser.parse_args().size

    import keras

    from keras_ec.coding import structure_model as model

    keras.utils.set_random_seed(0)
    dictionary = b""
    for content in _dictionary_sources():
        data = _structure(content)[0]
        dictionary += data + bytes(-len(data) % 4)
    dictionary = dictionary[:size]
    assert len(dictionary) == size, f"only {len(dictionary)} bytes"
    model.DICTIONARY = dictionary
    model._prior.cache_clear()
    mixer = model.Mixer([65536 * 3 // 10] * (model.SETS * model.INPUTS * model.CLASSES))
    structures = [_structure(content) for content in _weight_sources()]
    for _ in range(PASSES):
        meter = _Meter()
        for data, addresses in structures:
            model.code_structure(meter, addresses, data, mixer)
        print(f"{meter.size():.0f} bytes", file=sys.stderr)
    half = 1 << (WEIGHT_SHIFT - 1)
    weights = [max(-128, min(127, w + half >> WEIGHT_SHIFT)) for w in mixer.weights]
    packed = dictionary + bytes(w & 255 for w in weights)
    text = base64.b85encode(zlib.compress(packed, 9)).decode()
    lines = "\n".join(f'        "{text[i : i + 88]}"' for i in range(0, len(text), 88))
    fields = {"crc": zlib.crc32(packed), "lines": lines, "size": size, "shift": WEIGHT_SHIFT}
    print(_HEADER.format(**fields), end="")


if __name__ == "__main__":
    main()
