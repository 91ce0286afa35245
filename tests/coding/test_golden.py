"""Files of version 1, which is frozen: they stay readable, and are never written anew."""

import os

import numpy as np
import pytest

from keras_ec.coding import archive_decoder, decode_tensors, encode_tensors, range_coder_tfc
from keras_ec.deploy.archive import decompress_bytes

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
    monkeypatch.setattr(archive_decoder, "is_compiled", lambda: False)
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
@pytest.mark.parametrize("name", ["version1", "version1_symbols"])
def test_golden_archives(name):
    assert decompress_bytes(_read(f"{name}.ecz")) == _read(f"{name}.tflite")
