import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from keras_ec.assignment import relaxed_bits, soft_assignment
from keras_ec.structured_rate import (
    MAX_DENSITY,
    PRIOR_WEIGHTS,
    RATIOS,
    geometric_bits,
    groups,
    structured_bits,
)

CENTERS = np.array([-1.0, -0.5, 0.0, 0.5, 1.0], "float32")


def logit(p):
    return np.log(p) - np.log1p(-p)


def by_frequency(used, weights):
    least = 0.5 / (weights.size * used.sum())
    return -np.log2(np.maximum(used / used.sum(), least))


def geometric(used, weights):
    magnitudes = np.array([2, 1, 0, 1, 2])
    ratio = np.clip(1 - used.sum() / (used * magnitudes).sum(), *RATIOS)
    return 1 - np.log2((1 - ratio) * ratio ** (magnitudes - 1))


MODELS = {structured_bits: by_frequency, geometric_bits: geometric}
rates = pytest.mark.parametrize("rate", MODELS)


def reference(rate, weights, odds_of=None, lengths=None, temperature=0.4):
    """Bits, log-odds and code lengths in float64, from the formulas alone."""
    soft = ops.convert_to_numpy(soft_assignment(weights, CENTERS, temperature)).astype("float64")
    pmf = soft.reshape(-1, len(CENTERS)).mean(axis=0)
    used = pmf * (CENTERS != 0)
    non_zero = soft[..., CENTERS != 0].sum(axis=-1)
    if odds_of is None:
        hard = np.abs(weights[..., None] - CENTERS).argmin(axis=-1) != 2
        least = 0.5 / weights.size
        frequency = np.clip(hard.mean(), least, 1 - least)
        odds_of = np.full(weights.shape, logit(frequency))
        for axes in groups(weights.shape):
            size = np.prod([weights.shape[a] for a in axes])
            count = hard.sum(axis=axes, keepdims=True)
            within = (count + PRIOR_WEIGHTS * frequency) / (size + PRIOR_WEIGHTS)
            odds_of = odds_of + logit(np.clip(within, 1e-7, 1 - 1e-4)) - logit(frequency)
        odds_of = np.clip(odds_of, -14, logit(MAX_DENSITY))
    if lengths is None:
        lengths = (CENTERS != 0) * MODELS[rate](used, weights)
    p = 1 / (1 + np.exp(-odds_of))
    bits = -(non_zero * np.log2(p) + (1 - non_zero) * np.log2(1 - p)).sum()
    return bits + (soft * lengths).sum(), odds_of, lengths


@st.composite
def kernels(draw):
    """Kernels whose rows and columns differ in density."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.sampled_from([(30, 20), (3, 3, 8, 6), (5, 4, 7), (3, 3, 40, 1), (1, 90)]))
    keep = rng.random(shape[-1]) * rng.random(shape[-2])[:, None]
    return (rng.normal(0, 0.5, shape) * (rng.random(shape) < keep)).astype("float32")


@rates
@settings(max_examples=25, deadline=None)
@given(weights=kernels())
def test_rate_is_that_of_the_formula(rate, weights):
    expected = reference(rate, weights)[0]
    bits = float(rate(weights, CENTERS, 0.4))
    assert bits == pytest.approx(expected, rel=0.02, abs=0.02 * weights.size)


@rates
@settings(max_examples=10, deadline=None)
@given(weights=kernels())
def test_gradient_is_that_of_finite_differences_at_constant_probabilities(rate, weights):
    if rate is geometric_bits:  # beyond them the slope is constant
        weights = np.clip(weights, 0.8 * CENTERS[0], 0.8 * CENTERS[-1])
    variable = tf.Variable(weights)
    with tf.GradientTape() as tape:
        bits = rate(ops.reshape(variable, weights.shape), CENTERS, 0.4)
    gradient = tape.gradient(bits, variable).numpy()
    _, odds, lengths = reference(rate, weights)
    step = 1e-3
    # The slope of a cell is that of its middle: off by half a cell times the curvature.
    cell = 0.2 * float(max(np.abs(odds).max(), np.max(lengths)))
    for place in range(0, weights.size, max(weights.size // 8, 1)):
        shift = np.zeros(weights.size, "float32")
        shift[place] = step
        shift = shift.reshape(weights.shape)
        more, less = (reference(rate, weights + s * shift, odds, lengths)[0] for s in (1, -1))
        expected = (more - less) / (2 * step)
        assert gradient.ravel()[place] == pytest.approx(expected, rel=0.1, abs=cell)


def test_structure_costs_less_than_scattered_weights(rng):
    whole = np.zeros((40, 40), "float32")
    whole[:10, :10] = 1.0
    scattered = rng.permutation(whole.ravel()).reshape(whole.shape)
    gathered, spread = (float(structured_bits(w, CENTERS, 0.05)) for w in (whole, scattered))
    assert gathered < 0.6 * spread
    order_0 = float(relaxed_bits(whole, CENTERS, 0.05))
    assert spread == pytest.approx(order_0, rel=0.2)  # frequencies include the weight itself


def test_the_rate_of_a_zero_in_a_dead_column_falls_and_of_a_non_zero_rises(rng):
    weights = np.where(rng.random((50, 20)) < 0.3, 1.0, 0.0).astype("float32")
    weights[:, 3] = 0.0
    variable = tf.Variable(weights + np.float32(0.2))
    with tf.GradientTape() as tape:
        bits = structured_bits(ops.reshape(variable, weights.shape), CENTERS, 0.4)
    pull = tape.gradient(bits, variable).numpy()
    zeros = weights == 0
    assert pull[:, 3].mean() > 1.5 * pull[:, 4:][zeros[:, 4:]].mean() > 0


def pull_towards_zero(rate, weights, centers=CENTERS):
    """Derivative of the rate by the magnitude of each weight."""
    variable = tf.Variable(weights)
    with tf.GradientTape() as tape:
        bits = rate(ops.reshape(variable, weights.shape), centers, 0.4)
    return tape.gradient(bits, variable).numpy() * np.sign(weights)


def crowded(rng):
    """A kernel whose non-zeros are all at the outermost centers and beyond."""
    magnitudes = np.where(rng.random((40, 30)) < 0.5, rng.choice([1.0, 3.0], (40, 30)), 0.0)
    return (magnitudes * rng.choice([-1, 1], magnitudes.shape)).astype("float32")


def test_geometric_lengths_pull_crowds_and_weights_out_of_reach(rng):
    weights = crowded(rng)
    far = np.abs(weights) > 2
    on_the_way = np.where(weights == 1.0, np.float32(0.75), weights)
    between = on_the_way == np.float32(0.75)
    assert np.all(pull_towards_zero(structured_bits, weights)[far] < 1e-3)
    assert np.all(pull_towards_zero(geometric_bits, weights)[far] > 0.1)
    assert pull_towards_zero(structured_bits, on_the_way)[between].mean() < 0  # back to the crowd
    assert np.all(pull_towards_zero(geometric_bits, on_the_way)[between] > 0)


def test_the_slope_of_geometric_lengths_beyond_the_centers_is_that_of_one_center_more(rng):
    weights = crowded(rng)
    pmf = ops.convert_to_numpy(soft_assignment(weights, CENTERS, 0.4)).reshape(-1, 5).mean(axis=0)
    lengths = geometric(pmf * (CENTERS != 0), weights)
    outside = np.abs(weights) > 0
    expected = (lengths[4] - lengths[3]) / 0.5
    pull = pull_towards_zero(geometric_bits, weights)
    np.testing.assert_allclose(pull[outside], expected, rtol=0.02)


def test_geometric_lengths_of_uneven_centers_begin_to_pull_beside_the_outermost():
    weights = np.array([0.03, 0.045, 0.06, 0.3, -0.5, -1.0], "float32")
    centers = np.array([-1.0, -0.5, 0.0, 0.05], "float32")
    assert float(geometric_bits(weights, centers, 0.05)) > 0
    pull = pull_towards_zero(geometric_bits, weights, centers)
    np.testing.assert_allclose(pull[1:4], pull[3], rtol=1e-6)
    assert abs(pull[0] - pull[3]) > 0.1 * pull[3]


def test_geometric_lengths_without_centers_on_one_side(rng):
    weights = np.abs(crowded(rng))
    assert np.all(pull_towards_zero(geometric_bits, -weights, CENTERS[:3])[weights > 2] > 0.1)
    pull = pull_towards_zero(geometric_bits, -weights, CENTERS[2:])
    np.testing.assert_allclose(pull, 0.0, atol=0.05)
    assert np.all(pull_towards_zero(geometric_bits, weights, CENTERS[2:])[weights > 2] > 0.1)


def test_no_gradient_for_centers_or_temperature(rng):
    weights = rng.standard_normal((10, 5)).astype("float32")
    centers, temperature = tf.Variable(CENTERS), tf.Variable(0.5)
    with tf.GradientTape() as tape:
        bits = structured_bits(weights, ops.reshape(centers, (5,)), temperature * 1.0)
    for gradient in tape.gradient(bits, [centers, temperature]):
        assert gradient is None or not np.any(gradient)


@rates
@pytest.mark.parametrize("value", [0.0, 1.0, 30.0])
@pytest.mark.parametrize("shape", [(6, 4), (7,), (1, 1), (3, 3, 5, 1)])
def test_uniform_tensors_of_any_shape_cost_little(rate, value, shape):
    weights = np.full(shape, value, "float32")
    bits = float(rate(weights, CENTERS, 0.05))
    assert np.isfinite(bits)
    non_zeros = np.count_nonzero(value) * weights.size
    if rate is geometric_bits:  # sign, and the second of magnitudes whose mean is 2
        bits -= 3 * non_zeros
    assert bits <= 0.3 * weights.size + 3 - non_zeros * np.log2(MAX_DENSITY)


def test_a_dense_tensor_is_pulled_towards_zero(rng):
    signs = rng.choice([-1.0, 1.0], (40, 30))
    weights = (signs * np.where(rng.random((40, 30)) < 0.9, 0.5, 0.2)).astype("float32")
    variable = tf.Variable(weights)
    with tf.GradientTape() as tape:
        bits = structured_bits(ops.reshape(variable, weights.shape), CENTERS, 0.2)
    pull = tape.gradient(bits, variable).numpy() * signs
    assert np.all(pull[np.abs(weights) == np.float32(0.2)] > 0)


def test_groups_leave_out_single_weights_and_the_whole_tensor():
    assert groups((9,)) == []
    assert groups((1, 8)) == []
    assert groups((3, 3, 5, 1)) == [(0, 1, 3)]
    assert groups((3, 3, 5, 7)) == [(3,), (0, 1, 2), (0, 1, 3)]
