"""Any valid .tflite file comes back byte for byte, and none grows by more than 64 bytes."""

import functools
import io
import os
import sys
import zipfile

import numpy as np
import pytest
import tensorflow as tf
import tflite

from keras_ec.coding import range_coder_tfc
from keras_ec.deploy.archive import compress_bytes, decompress_bytes
from keras_ec.deploy.weight_buffers import find_weight_buffers

sys.path.insert(0, os.path.dirname(__file__))
from tflite_builder import build_tflite

MOST_GROWTH = 64


def _check(content):
    archive = compress_bytes(content)
    assert decompress_bytes(archive) == content
    assert len(archive) <= len(content) + MOST_GROWTH
    return archive


def _tensors(content):
    model = tflite.Model.GetRootAs(content)
    graphs = [model.Subgraphs(i) for i in range(model.SubgraphsLength())]
    return [graph.Tensors(i) for graph in graphs for i in range(graph.TensorsLength())]


def _types(content):
    return {tensor.Type() for tensor in _tensors(content)}


def _weights(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape, scale=0.3).astype(np.float32)


class _Network(tf.Module):
    """A convolution, a dense layer with a bias, and a head that is a signature of its own."""

    def __init__(self, width=6):
        self.kernel = tf.Variable(_weights(3, 3, 1, 4))
        self.dense = tf.Variable(_weights(64, width, seed=1))
        self.bias = tf.Variable(_weights(width, seed=2))
        self.last = tf.Variable(_weights(width, 3, seed=3))

    @tf.function(input_signature=[tf.TensorSpec((1, 6, 6, 1))])
    def whole(self, x):
        x = tf.reshape(tf.nn.relu(tf.nn.conv2d(x, self.kernel, 1, "VALID")), (1, -1))
        return tf.nn.relu(x @ self.dense + self.bias) @ self.last

    @tf.function(input_signature=[tf.TensorSpec((1, 6))])
    def head(self, x):
        return x @ self.last


class _ControlFlow(tf.Module):
    def __init__(self):
        self.kernel = tf.Variable(_weights(4, 4))

    @tf.function(input_signature=[tf.TensorSpec((1, 4))])
    def whole(self, x):
        x = tf.while_loop(
            lambda i, _: i < 5, lambda i, x: (i + 1, tf.tanh(x @ self.kernel)), (0, x)
        )[1]
        return tf.cond(tf.reduce_sum(x) > 0, lambda: x @ self.kernel, lambda: x - 1.0)


class _Strings(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((3,), tf.int32)])
    def whole(self, x):
        return tf.gather(tf.constant(["one", "two", "a longer word", "ü"]), x)


def _converter(module):
    function = module.whole.get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([function], module)


def _calibration():
    return ([_weights(1, 6, 6, 1, seed=seed)] for seed in range(4))


def _quantized(operators=None, types=None, calibrated=False, width=6):
    converter = _converter(_Network(width))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if calibrated:
        converter.representative_dataset = _calibration
    if operators:
        converter.target_spec.supported_ops = [operators]
    if types:
        converter.target_spec.supported_types = [types]
    return converter.convert()


def _sparse():
    network = _Network()
    pruned = np.where(np.abs(network.dense.numpy()) < 0.6, 0, network.dense.numpy())
    network.dense.assign(pruned)
    converter = _converter(network)
    converter.optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]
    return converter.convert()


def _signatures(folder):
    network = _Network()
    functions = {"whole": network.whole, "head": network.head}
    signatures = {name: function.get_concrete_function() for name, function in functions.items()}
    tf.saved_model.save(network, str(folder), signatures=signatures)
    return tf.lite.TFLiteConverter.from_saved_model(str(folder)).convert()


def _behind_the_flatbuffer():
    converter = _converter(_Network())
    converter._experimental_use_buffer_offset = True
    return converter.convert()


_TYPE = tflite.TensorType
_QUANTIZED_WIDTH = 16
"""From 1024 weights on, the converter quantizes them without calibration."""

_INT8_OPERATORS = tf.lite.OpsSet.TFLITE_BUILTINS_INT8
_INT16_OPERATORS = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
_CONVERTED = {
    "float32": (lambda: _converter(_Network()).convert(), {_TYPE.FLOAT32}),
    "dynamic range": (
        functools.partial(_quantized, width=_QUANTIZED_WIDTH),
        {_TYPE.INT8, _TYPE.FLOAT32},
    ),
    "int8": (
        functools.partial(_quantized, _INT8_OPERATORS, calibrated=True),
        {_TYPE.INT8, _TYPE.INT32},
    ),
    "int16x8": (
        functools.partial(_quantized, _INT16_OPERATORS, calibrated=True),
        {_TYPE.INT8, _TYPE.INT16, _TYPE.INT64},
    ),
    "float16": (functools.partial(_quantized, types=tf.float16), {_TYPE.FLOAT16}),
    "strings": (lambda: _converter(_Strings()).convert(), {_TYPE.STRING}),
}


@pytest.mark.parametrize("kind", _CONVERTED)
def test_converted(kind):
    convert, types = _CONVERTED[kind]
    content = convert()
    assert types <= _types(content)
    _check(content)


def test_control_flow_has_subgraphs():
    content = _converter(_ControlFlow()).convert()
    assert tflite.Model.GetRootAs(content).SubgraphsLength() > 2
    _check(content)


def test_several_signatures(tmp_path):
    content = _signatures(tmp_path)
    assert tflite.Model.GetRootAs(content).SignatureDefsLength() == 2
    _check(content)


def test_sparse_tensors():
    content = _sparse()
    assert any(tensor.Sparsity() for tensor in _tensors(content))
    _check(content)


def test_buffers_that_the_converter_puts_behind_the_flatbuffer():
    content = _behind_the_flatbuffer()
    model = tflite.Model.GetRootAs(content)
    offsets = [model.Buffers(i).Offset() for i in range(model.BuffersLength())]
    assert max(offsets) > 1
    assert sum(buffer.offset in offsets for buffer in find_weight_buffers(content)) >= 3
    _check(content)


def test_metadata_and_appended_zip():
    arrays = {"k": np.rint(4 * _weights(40, 30))}
    content = build_tflite(arrays, metadata={"TFLITE_METADATA": b"M001" + bytes(range(99))})
    assert tflite.Model.GetRootAs(content).MetadataLength() == 1
    packed = io.BytesIO(content)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("labels.txt", "cat\ndog\n" * 20)
    _check(content)
    restored = decompress_bytes(_check(packed.getvalue()))
    assert zipfile.ZipFile(io.BytesIO(restored)).namelist() == ["labels.txt"]


def test_packed_int4():
    nibbles = np.random.default_rng(0).choice(16, (2, 800), p=np.r_[0.55, np.full(15, 0.03)])
    packed = (nibbles[0] | nibbles[1] << 4).astype(np.uint8)
    content = build_tflite({"k": packed}, shapes={"k": (40, 40)}, types={"k": _TYPE.INT4})
    assert _types(content) == {_TYPE.INT4}
    assert len(find_weight_buffers(content)) == 1
    _check(content)


@pytest.mark.parametrize("number", [_TYPE.RESOURCE, _TYPE.VARIANT, _TYPE.BFLOAT16, 19, 20, 77, 127])
def test_other_element_types(number):
    content = build_tflite({"k": np.arange(90, dtype=np.uint16) // 9}, types={"k": number})
    _check(content)


@pytest.mark.parametrize(
    "dtype",
    [
        *("bool", "uint8", "int16", "uint16", "float16", "int32"),
        *("uint32", "float32", "int64", "uint64", "float64", "complex64"),
    ],
)
def test_every_dtype(dtype):
    values = np.random.default_rng(0).integers(0, 2, (10, 8)).astype(dtype)
    _check(build_tflite({"k": values, "empty": values[:0]}))


@pytest.mark.parametrize("offset", range(1, 4))
def test_unaligned_buffers_behind_the_flatbuffer(offset):
    rng = np.random.default_rng(0)
    arrays = {
        "shift": np.zeros(offset, np.uint8),
        "k": rng.choice(_weights(5), (50, 20)),
        "n": _weights(20),
    }
    content = build_tflite(arrays, external=tuple(arrays))
    assert any(buffer.offset % 4 for buffer in find_weight_buffers(content))
    _check(content)


@pytest.mark.parametrize("external", [(), ("a",), ("a", "b")])
def test_shared_buffers_of_different_shapes(external):
    arrays = {"a": np.rint(3 * _weights(20, 30)), "b": np.zeros((0, 3), np.float32)}
    shapes = {"c": (600,), "d": (2, 300), "e": (7, 7)}
    _check(build_tflite(arrays, shared=tuple(shapes), shapes=shapes, external=external))


@pytest.mark.parametrize("trailing", [b"\0", bytes(600), bytes(range(256)), b"TFL3" * 9])
def test_trailing_bytes(trailing):
    _check(build_tflite({"k": np.rint(4 * _weights(40, 30))}) + trailing)


def test_incompressible_models_grow_by_little():
    noise = np.random.default_rng(0).integers(0, 256, 1 << 16, np.uint8)
    arrays = {f"k{size}": noise[:size] for size in (8, 300, 1 << 16)}
    for item in ({}, *({name: value} for name, value in arrays.items()), arrays):
        _check(build_tflite(item))


def test_full_range_symbols_without_tensorflow_compression(monkeypatch):
    monkeypatch.setattr(range_coder_tfc, "is_available", lambda: False)
    values = np.clip(np.random.default_rng(0).normal(size=(1024, 512), scale=40), -128, 127)
    content = build_tflite({"k": np.rint(values).astype(np.int8)})
    assert len(_check(content)) < 0.97 * len(content)


def test_model_inside_a_model():
    inner = build_tflite({"k": np.rint(4 * _weights(9, 9))})
    _check(build_tflite({"k": np.frombuffer(inner, np.uint8)}, metadata={"model": inner[:300]}))
