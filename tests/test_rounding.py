import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from keras_ec.rounding import (
    SCALE_BITS,
    round_mantissa,
    round_scales,
    round_vector,
    rounded,
    straight_through,
)


@st.composite
def vectors(draw):
    """Values of one magnitude or of several, zeros among them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = rng.standard_normal(draw(st.integers(1, 40)))
    values *= np.exp2(rng.uniform(-draw(st.sampled_from([0, 4, 30])), 0, len(values)))
    values[rng.random(len(values)) < draw(st.sampled_from([0.0, 0.2, 1.0]))] = 0
    return (values * draw(st.sampled_from([1e-6, 0.0371, 1.0, 5e4]))).astype("float32")


def disturbed(values, seed):
    rng = np.random.default_rng(seed)
    return values * (1 + 1e-6 * rng.uniform(-1, 1, values.shape))


def assert_no_negative_zero(values):
    assert not np.any(np.signbit(values) & (values == 0))


@settings(max_examples=200, deadline=None)
@given(vectors(), st.integers(2, 12), st.integers(0, 100))
def test_rounded_vectors(values, bits, seed):
    rounded = round_vector(values, bits)
    assert rounded.dtype == np.float32 and rounded.shape == values.shape
    assert_no_negative_zero(rounded)
    np.testing.assert_array_equal(round_vector(rounded, bits), rounded)
    np.testing.assert_array_equal(round_vector(disturbed(rounded, seed), bits), rounded)
    largest = np.abs(values).max()
    limit = 2 ** (bits - 1) - 1
    assert len(np.unique(np.abs(rounded))) <= limit + 1
    # The step is below twice the least that could do; values move by half a step.
    assert np.abs(rounded - values).max() <= 1.0001 * largest / limit


@settings(max_examples=100, deadline=None)
@given(vectors(), st.integers(2, 12), st.integers(0, 100), st.floats(0.01, 1))
def test_the_usual_magnitude_limits_the_step(values, bits, seed, share):
    usual = max(share * np.abs(values).max(), 1e-20)
    rounded = round_vector(values, bits, usual)
    error = np.abs(rounded.astype("float64") - values)
    assert error.max() <= 1.0001 * usual / (2 ** (bits - 1) - 1) + 1e-7 * np.abs(values).max()
    assert_no_negative_zero(rounded)
    np.testing.assert_array_equal(round_vector(disturbed(rounded, seed), bits, usual), rounded)
    np.testing.assert_array_equal(round_vector(values, bits, 1e30), round_vector(values, bits))


def test_a_vector_by_hand():
    rounded = round_vector([0.7, -0.11, 0.13, -1e-9], bits=4)  # limit 7, step 1/8
    np.testing.assert_array_equal(rounded, np.array([0.75, -0.125, 0.125, 0.0], "float32"))


def test_zero_vectors():
    np.testing.assert_array_equal(round_vector(np.zeros(3)), np.zeros(3))
    np.testing.assert_array_equal(round_vector([-0.0]), [0.0])
    np.testing.assert_array_equal(round_scales(np.zeros(3)), np.zeros(3))
    assert round_vector(np.zeros(0)).shape == round_scales(np.zeros(0)).shape == (0,)


@settings(max_examples=200, deadline=None)
@given(vectors(), st.integers(0, 100))
def test_rounded_scales(values, seed):
    rounded = round_scales(values)
    assert rounded.dtype == np.float32 and rounded.shape == values.shape
    assert_no_negative_zero(rounded)
    np.testing.assert_array_equal(round_scales(rounded), rounded)
    np.testing.assert_array_equal(round_scales(disturbed(rounded, seed)), rounded)
    kept = rounded != 0
    np.testing.assert_array_equal(np.sign(rounded[kept]), np.sign(values[kept]))
    np.testing.assert_allclose(rounded[kept], values[kept], rtol=1.001 * 2.0**-SCALE_BITS)
    np.testing.assert_array_equal(values[~kept], 0)
    mantissas = np.ldexp(np.frexp(rounded.astype("float64"))[0], SCALE_BITS)
    np.testing.assert_array_equal(mantissas, np.round(mantissas))


@pytest.mark.parametrize("bits", [1, 0, -3, 2.5, True])
def test_bad_bits(bits):
    with pytest.raises(ValueError, match="bits"):
        round_vector([1.0], bits)


def test_the_default_resolves_a_hundredth_of_the_largest_entry(rng):
    values = rng.normal(size=1000)
    assert np.abs(round_vector(values) - values).max() < 0.01 * np.abs(values).max()


def test_round_mantissa():
    np.testing.assert_array_equal(
        round_mantissa([0.0, 1.3, -1.3, 0.3, 5.0, -(2.0**-30)], 3),
        [0, 1.25, -1.25, 0.3125, 5, -(2.0**-30)],
    )


@settings(max_examples=50, deadline=None)
@given(vectors(), st.integers(2, 12))
def test_compiled_rounding_is_that_of_hardening_to_the_last_bit(values, bits):
    compiled = tf.function(lambda x: rounded(x, bits), jit_compile=True)
    np.testing.assert_array_equal(compiled(values), round_vector(values, bits))


def test_gradient_passes_through_the_rounding():
    values = tf.constant([0.7, -0.11, 0.13, 0.0])
    with tf.GradientTape() as tape:
        tape.watch(values)
        loss = ops.sum(straight_through(values, 4) * [1.0, 2.0, 3.0, 4.0])
    assert float(loss) == pytest.approx(0.75 - 0.25 + 0.375)
    np.testing.assert_array_equal(tape.gradient(loss, values), [1.0, 2.0, 3.0, 4.0])
