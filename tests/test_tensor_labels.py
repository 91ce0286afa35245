import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ec.deploy.weight_buffers import find_weight_buffers
from keras_ec.tensor_labels import tensor_labels

sys.path.insert(0, str(Path(__file__).parent / "deploy"))
from tflite_builder import build_tflite

ARRAYS = {
    "kernel": np.arange(24, dtype=np.float32).reshape(4, 6),
    "": np.arange(6, dtype=np.float32),
    "größe": np.arange(9, dtype=np.int8),
}


@pytest.mark.parametrize("external", [(), ("kernel",)])
def test_names_by_position(external):
    content = build_tflite(ARRAYS, external=external)
    labels = tensor_labels(content)
    found = {labels[buffer.offset]: buffer.shape for buffer in find_weight_buffers(content)}
    assert found == {"kernel": (4, 6), "tensor 1": (6,), "größe": (9,)}


def test_the_first_of_several_names_counts():
    content = build_tflite(ARRAYS, shared=["second"])
    assert "kernel" in tensor_labels(content).values()
    assert "second" not in tensor_labels(content).values()


def test_nameless_tensors_are_called_after_the_operator_that_uses_them():
    keras = pytest.importorskip("keras")
    import keras_ec
    from keras_ec.deploy.export import hardened_tflite

    model = keras.Sequential([keras.Input((9, 9, 1)), keras_ec.layers.ECConv2D(8, 3)])
    model.add(keras.layers.Flatten())
    model.add(keras_ec.layers.ECDense(5))
    content = hardened_tflite(model)
    labels = tensor_labels(content)
    shapes = {labels[buffer.offset]: buffer.shape for buffer in find_weight_buffers(content)}
    assert shapes["CONV_2D 0 input 1"] == (8, 3, 3, 1)
    assert shapes["CONV_2D 0 input 2"] == (8,)
    assert shapes["FULLY_CONNECTED 2 input 1"] == (5, 392)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=8), st.floats(0, 1))
def test_damaged_flatbuffers_are_read_or_refused(changes, kept):
    data = bytearray(build_tflite(ARRAYS))
    for place, value in changes:
        data[int(place * len(data))] = value
    try:
        labels = tensor_labels(bytes(data[: max(8, int((0.5 + kept) * len(data)))]))
    except ValueError:
        return
    assert all(isinstance(label, str) for label in labels.values())
