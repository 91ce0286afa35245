import numpy as np
import pytest

from keras_ec.coding.distinct_values import distinct


def _check(bits, limit):
    expected = np.unique(bits.ravel(), return_inverse=True)
    for got, wanted in zip(distinct(bits, limit), expected, strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("count", [1, 2, 15, 200, 256, 300, 3000])
def test_large_arrays_give_what_unique_gives(count):
    rng = np.random.default_rng(count)
    values = rng.integers(0, 1 << 32, count, dtype=np.uint32)
    bits = rng.choice(values, (600, 500))
    bits[599, 499] = 77
    _check(bits, count + 1)
    assert distinct(bits, np.unique(bits).size - 1) is None


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
@pytest.mark.parametrize("size", [1, 100, 5000, 70_001])
def test_every_width_and_size(dtype, size):
    _check(np.random.default_rng(size).integers(100, 250, size, dtype), 256)


def test_many_values_that_no_sample_shows_are_found():
    bits = np.zeros(1 << 17, np.uint32)
    bits[1:5000:2] = np.arange(1, 2501)
    _check(bits, 2501)
    assert distinct(bits, 2500) is None
