import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ec.coding.float_product import MAX_FACTOR, product_bits
from keras_ec.coding.scale_search import exact_step, find_scale, rounded_step


def _scales(rng, count):
    exponent = rng.integers(60, 200, count).astype(np.uint32)
    mantissa = rng.integers(0, 1 << 23, count).astype(np.uint32)
    return rng.integers(0, 2, count).astype(np.uint32) << 31 | exponent << 23 | mantissa


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1 << 30), st.sampled_from([7, 127, MAX_FACTOR]))
def test_products_are_those_of_ieee_754(seed, largest):
    rng = np.random.default_rng(seed)
    scales = _scales(rng, 2000)
    factors = rng.integers(-largest, largest + 1, 2000)
    bits, valid = product_bits(factors, scales)
    assert valid
    expected = factors.astype(np.float32) * scales.view(np.float32)
    np.testing.assert_array_equal(bits, expected.view(np.uint32))


def test_zero_takes_the_sign_of_the_scale():
    scale = np.array([0.5, -0.5], np.float32).view(np.uint32)
    bits, _ = product_bits(np.zeros(2, int), scale)
    assert bits.tolist() == [0, 1 << 31]


def test_overflow_is_not_valid():
    _, valid = product_bits(np.array([127]), np.array(254 << 23, np.uint32))
    assert not valid


def test_exact_step_is_the_largest():
    values = np.array([6, -9, 0, 15], np.float32) * np.float32(0.0478515625)
    step = exact_step(values.view(np.uint32), 127)
    assert np.array(step, np.uint32).view(np.float32) == np.float32(3 * 0.0478515625)
    assert exact_step(values.view(np.uint32), 4) is None


@settings(max_examples=50, deadline=None)
@given(st.floats(2.0**-20, 1024.0, width=32), st.integers(2, 40), st.integers(0, 1 << 30))
def test_rounded_products_are_recognised(scale, levels, seed):
    factors = np.random.default_rng(seed).integers(-levels, levels + 1, 30)
    factors[0] = 1
    bits = (factors.astype(np.float32) * np.float32(scale)).view(np.uint32)
    found = np.array(rounded_step(np.unique(bits)), np.uint32).view(np.float32)
    rebuilt = np.rint(bits.view(np.float32) / found).astype(np.float32) * found
    np.testing.assert_array_equal(rebuilt.view(np.uint32), bits)


def test_zeros_of_both_signs_have_no_scale():
    values = np.array([0.0, -0.0, 0.5], np.float32)
    assert find_scale(values.view(np.uint32)) is None
    assert find_scale(values[1:].view(np.uint32)) >> 31 == 1
