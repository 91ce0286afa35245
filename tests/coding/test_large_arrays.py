import numpy as np
import pytest

from keras_ec.coding.large_arrays import count, look_up


@pytest.mark.parametrize("size", [0, 1, 1 << 15, (1 << 16) + 3])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int32])
def test_blocks_give_what_the_whole_array_gives(size, dtype):
    low = 0 if dtype == np.uint8 else -128
    values = np.random.default_rng(size).integers(low, low + 256, size, dtype)
    table = np.arange(256, dtype=np.uint32) * 7
    place = values.astype(np.int64) - low
    np.testing.assert_array_equal(look_up(table, values, low), table[place])
    np.testing.assert_array_equal(count(values, low, 256), np.bincount(place, minlength=256))


def test_look_up_fills_what_it_is_given():
    values = np.arange(60_000, dtype=np.int16).reshape(4, -1) % 9
    out = np.zeros((2, *values.shape), np.uint8)
    look_up(np.arange(9, dtype=np.uint8), values, out=out[1])
    np.testing.assert_array_equal(out, [np.zeros(values.shape), values])
