import subprocess
import sys

import numpy as np
import pytest

from keras_ec.coding import CorruptFileError, decode_tensors, encode_tensors, tensor_file


def _example():
    rng = np.random.default_rng(0)
    return {
        "kernel": (rng.integers(-2, 3, (40, 30)) * (rng.random((40, 30)) < 0.1)).astype(np.int8),
        "bias/ü": rng.integers(-9, 9, 30).astype(np.int16),
        "": np.array(7, np.uint8),
        "empty": np.zeros((3, 0, 2), np.int64),
        "large": np.array([2**31 - 1, -(2**31) + 1], np.int64),
        "unsigned": np.array([2**31 - 1], np.uint32),
    }


def test_arrays_keep_name_order_dtype_shape_and_values():
    tensors = _example()
    decoded = decode_tensors(encode_tensors(tensors))
    assert list(decoded) == list(tensors)
    for name, values in tensors.items():
        assert decoded[name].dtype == values.dtype
        np.testing.assert_array_equal(decoded[name], values)


def test_axes_beyond_the_sixteenth_are_never_columns():
    shape = (2,) * 16 + (5,)
    values = np.zeros(shape, np.int8)
    values[..., 3] = 1  # the columns of the last axis would tell all
    np.testing.assert_array_equal(decode_tensors(encode_tensors({"a": values}))["a"], values)


def test_nothing_round_trips():
    assert decode_tensors(encode_tensors({})) == {}


@pytest.mark.parametrize("values", [np.zeros(3, np.float32), np.zeros(3, bool)])
def test_other_dtypes_are_refused(values):
    with pytest.raises(TypeError, match="integer dtype"):
        encode_tensors({"a": values})


@pytest.mark.parametrize("shape", [(50_000_000,), (10_000, 3_000), (0, 1 << 20)])
def test_arrays_that_cost_next_to_nothing(shape):
    """A file is as long as its decoder asks for so many elements."""
    decoded = decode_tensors(encode_tensors({"a": np.zeros(shape, "int8"), "b": np.zeros(3, int)}))
    assert decoded["a"].shape == shape and decoded["a"].dtype == np.int8
    assert not decoded["a"].any() and not decoded["b"].any()


def test_empty_arrays_of_enormous_lengths_are_refused():
    with pytest.raises(ValueError, match=r"shape \(0, 3, 2147483648\) for 'a'"):
        encode_tensors({"a": np.zeros((0, 3, 1 << 31), "int8")})


@pytest.mark.parametrize("name", ["a" * 4097, "\u00e9" * 2049, "\ud800"])
def test_names_that_are_too_long_or_no_text_are_refused(name):
    with pytest.raises(ValueError, match="4096 bytes of UTF-8"):
        encode_tensors({name: np.arange(3)})
    with pytest.raises(TypeError, match="Received: 3"):
        encode_tensors({3: np.arange(3)})


def test_too_large_values_are_refused():
    with pytest.raises(ValueError, match="magnitudes"):
        encode_tensors({"a": np.array([1 << 31])})


def test_every_flipped_bit_and_truncation_is_an_error():
    data = encode_tensors({"a": np.arange(-9, 9)})
    for position in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[position // 8] ^= 1 << position % 8
        with pytest.raises(CorruptFileError):
            decode_tensors(bytes(damaged))
    for length in range(len(data)):
        with pytest.raises(CorruptFileError):
            decode_tensors(data[:length])


def test_damage_that_no_checksum_finds_is_no_other_error(monkeypatch):
    monkeypatch.setattr(tensor_file, "check_seal", lambda *arguments: None)
    data = encode_tensors(_example())
    rng = np.random.default_rng(0)
    failures = 0
    for _ in range(25):
        body = bytearray(data[8:])
        body[rng.integers(len(body))] ^= 1 << rng.integers(8)
        try:
            decode_tensors(data[:8] + bytes(body))
        except CorruptFileError:
            failures += 1
    assert failures > 10


def test_import_takes_neither_tensorflow_nor_keras():
    code = "import keras_ec.coding, sys; sys.exit(bool({'tensorflow', 'keras'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
