import numpy as np
import pytest

from keras_ec.coding.distinct_values import distinct


@pytest.mark.parametrize("count", [1, 2, 15, 200, 300])
def test_large_arrays_give_what_unique_gives(count):
    rng = np.random.default_rng(count)
    values = rng.integers(0, 1 << 32, count, dtype=np.uint32)
    bits = rng.choice(values, (600, 500))
    bits[599, 499] = 77
    found = distinct(bits)
    for got, expected in zip(
        found, np.unique(bits.ravel(), return_inverse=True, return_counts=True), strict=True
    ):
        np.testing.assert_array_equal(got, expected)
