"""Files that version 1 once wrote. While the format is unreleased they may be written anew:

python tests/coding/test_golden.py
"""

import os
import sys

import numpy as np
import pytest

from keras_ec.coding import decode_tensors, encode_tensors, range_coder_tfc
from keras_ec.deploy.archive import compress_bytes, decompress_bytes

_FOLDER = os.path.join(os.path.dirname(__file__), "..", "golden")


def _tensors():
    rows, columns = np.mgrid[:160, :120]
    noise = rows * 7919 + columns * 104729 + rows * columns * 31
    return {
        "dense": (noise // 13 % 15 - 7).astype(np.int8),
        "sparse": ((noise // 7 % 11 == 0) * (rows % 3 > 0) * (noise % 5 - 2)).astype(np.int16),
        "kernel": (noise.reshape(5, 4, 96, 10) // 17 % 3 - 1)
        * (noise.reshape(5, 4, 96, 10) % 9 < 2),
        "bias": np.array([0, -3, 7, 7, 0, 1, -1, 2**31 - 1]),
    }


def _read(name):
    with open(os.path.join(_FOLDER, name), "rb") as file:
        return file.read()


@pytest.fixture(params=["tfc", "portable"])
def _backend(request, monkeypatch):
    if request.param == "portable":
        monkeypatch.setattr(range_coder_tfc, "is_available", lambda: False)
    elif not range_coder_tfc.is_available():
        pytest.skip("needs TensorFlow Compression")


@pytest.mark.usefixtures("_backend")
def test_golden_tensors():
    data = _read("version1.ect")
    for name, values in decode_tensors(data).items():
        np.testing.assert_array_equal(values, _tensors()[name])
    assert encode_tensors(_tensors()) == data


@pytest.mark.usefixtures("_backend")
def test_golden_archive():
    assert decompress_bytes(_read("version1.ecz")) == _read("version1.tflite")


def _write(name, data):
    with open(os.path.join(_FOLDER, name), "wb") as file:
        file.write(data)


if __name__ == "__main__":
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "deploy"))
    from test_archive import _mixed
    from tflite_builder import build_tflite

    content = build_tflite(_mixed())
    _write("version1.tflite", content)
    _write("version1.ecz", compress_bytes(content))
    _write("version1.ect", encode_tensors(_tensors()))
