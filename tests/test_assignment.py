import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from keras_ec import assignment

# The reference is written here, in float64 NumPy, from the formulas alone.


def softmax(distance):
    exponent = -0.5 * distance**2
    exponent = np.exp(exponent - exponent.max(axis=-1, keepdims=True))
    return exponent / exponent.sum(axis=-1, keepdims=True)


def reference_assignment(weights, centers, temperature):
    weights, centers = np.asarray(weights, "float64"), np.asarray(centers, "float64")
    gap = (centers[-1] - centers[0]) / (len(centers) - 1)
    return softmax((weights[..., None] - centers) / (temperature * gap))


def reference_bits(weights, centers, temperature):
    weights = np.ravel(weights)
    pmf = reference_assignment(weights, centers, temperature).mean(axis=0)
    return -len(weights) * np.sum(pmf * np.log2(np.maximum(pmf, 1e-300)))


@st.composite
def problems(draw, lowest_temperature=0.3, fewest=1, shares=(0.05, 0.5, 1.0)):
    """Weights within a share of the range of the centers, the centers, a temperature."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(2, 17))
    gap = draw(st.sampled_from([2.0**-9, 0.013, 1.0, 37.0]))
    if draw(st.booleans()):
        centers = (np.arange(count) - count // 2) * gap
    else:
        centers = np.cumsum(rng.uniform(0.5, 1.5, count)) * gap
        centers -= centers[count // 2]
    n = draw(st.integers(fewest, 200))
    centers = centers.astype("float32")
    weights = rng.uniform(centers[0], centers[-1], n) * draw(st.sampled_from(shares))
    temperature = draw(st.floats(lowest_temperature, 2.0))
    return weights.astype("float32"), centers, temperature


def rate_gradient(weights, centers, temperature):
    weights = tf.Variable(weights)
    with tf.GradientTape() as tape:
        bits = assignment.relaxed_bits(ops.reshape(weights, weights.shape), centers, temperature)
    return float(bits), tape.gradient(bits, weights).numpy()


@settings(max_examples=40, deadline=None)
@given(problems(lowest_temperature=0.01))
def test_soft_assignments_are_distributions(problem):
    weights, centers, temperature = problem
    soft = ops.convert_to_numpy(assignment.soft_assignment(weights, centers, temperature))
    assert soft.shape == (len(weights), len(centers))
    assert np.all(soft >= 0)
    np.testing.assert_allclose(soft.sum(axis=-1), 1.0, rtol=1e-5)


@settings(max_examples=40, deadline=None)
@given(problems())
def test_soft_assignments_follow_the_formula(problem):
    weights, centers, temperature = problem
    soft = ops.convert_to_numpy(assignment.soft_assignment(weights, centers, temperature))
    expected = reference_assignment(weights, centers, temperature)
    np.testing.assert_allclose(soft, expected, atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(problems())
def test_nearest_is_nearest(problem):
    weights, centers, _ = problem
    chosen = ops.convert_to_numpy(assignment.nearest(weights, centers))
    distance = np.abs(weights.astype("float64")[:, None] - centers)
    excess = distance[np.arange(len(weights)), chosen] - distance.min(axis=1)
    assert chosen.dtype == np.int32
    assert np.all(excess <= 1e-6 * np.abs(centers).max())


def test_nearest_gives_ties_to_the_lower_center_and_clips():
    centers = np.array([-1.0, 0.0, 0.5, 2.0], "float32")
    weights = np.array([[-0.5, 0.25, 1.25], [-9.0, 9.0, 0.26]], "float32")
    chosen = ops.convert_to_numpy(assignment.nearest(weights, centers))
    np.testing.assert_array_equal(chosen, [[0, 1, 2], [0, 3, 2]])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([2.0**-12, 0.0313, 1.7]))
def test_nearest_level_is_nearest(seed, spacing):
    rng = np.random.default_rng(seed)
    weights = rng.uniform(-6 * spacing, 6 * spacing, 100).astype("float32")
    levels = ops.convert_to_numpy(assignment.nearest_level(weights, spacing, -3, 4))
    assert np.all(levels == np.round(levels))
    assert levels.min() >= -3 and levels.max() <= 4
    distance = np.abs(weights[:, None] / spacing - np.arange(-3, 5))
    excess = np.abs(weights / spacing - levels) - distance.min(axis=1)
    assert np.all(excess <= 1e-5)


@settings(max_examples=30, deadline=None)
@given(problems())
def test_cold_assignments_are_hard(problem):
    weights, centers, _ = problem
    hard = ops.convert_to_numpy(assignment.nearest(weights, centers))
    thresholds = (centers[1:] + centers[:-1]) / 2
    gap = (centers[-1] - centers[0]) / (len(centers) - 1)
    clear = np.abs(weights[:, None] - thresholds).min(axis=1) > 0.02 * gap
    soft = ops.convert_to_numpy(assignment.soft_assignment(weights, centers, 0.01))
    np.testing.assert_allclose(soft[clear], np.eye(len(centers))[hard[clear]], atol=1e-2)


def test_cold_rate_is_the_hard_rate(rng):
    centers = np.linspace(-1, 1, 9).astype("float32")
    weights = rng.choice(centers, 500, p=np.arange(1, 10) / 45).astype("float32")
    hard = float(assignment.hard_bits(assignment.nearest(weights, centers), 9))
    counts = np.unique(weights, return_counts=True)[1] / 500
    assert hard == pytest.approx(-500 * np.sum(counts * np.log2(counts)), rel=1e-5)
    assert float(assignment.relaxed_bits_dense(weights, centers, 0.05)) == pytest.approx(hard, 1e-5)
    assert float(assignment.relaxed_bits(weights, centers, 0.05)) == pytest.approx(hard, rel=0.01)


@settings(max_examples=40, deadline=None)
@given(problems(fewest=20))
def test_tabulated_rate_is_the_dense_rate(problem):
    weights, centers, temperature = problem
    expected = reference_bits(weights, centers, temperature)
    dense = float(assignment.relaxed_bits_dense(weights, centers, temperature))
    table = float(assignment.relaxed_bits(weights, centers, temperature))
    assert dense == pytest.approx(expected, rel=1e-4, abs=1e-3)
    assert table == pytest.approx(expected, rel=0.01, abs=0.04 * len(weights))


def test_functions_of_the_cell_are_looked_up_for_each_weight(rng):
    weights = rng.normal(size=(5, 7)).astype("float32")
    table = assignment.tabulate(weights, np.float32([-1, 0, 1]), 0.4)
    cells = table.nodes.shape[0] - 1
    columns = rng.normal(size=(3, cells)).astype("float32")
    cell = ops.convert_to_numpy(table.cell)
    for column, found in zip(columns, table.look_up(list(columns)), strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(found), column[cell])


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("n", [1, 7, 8, 9, 1000, 1001])  # pairs are counted from 8 on
def test_histogram_counts_all(rng, n, jit):
    cell = rng.integers(0, 4, n).astype("int32")
    counts = tf.function(assignment.histogram, jit_compile=jit)(ops.array(cell), 4)
    np.testing.assert_array_equal(counts, np.bincount(cell, minlength=4))


@settings(max_examples=40, deadline=None)
@given(problems(lowest_temperature=0.05))
def test_rate_is_at_most_that_of_equal_use(problem):
    weights, centers, temperature = problem
    most = len(weights) * math.log2(len(centers))
    for rate in (assignment.relaxed_bits, assignment.relaxed_bits_dense):
        assert -1e-3 <= float(rate(weights, centers, temperature)) <= most * (1 + 1e-5)
    hard = assignment.hard_bits(assignment.nearest(weights, centers), len(centers))
    assert -1e-3 <= float(hard) <= most * (1 + 1e-5)


@settings(max_examples=40, deadline=None)
@given(problems(fewest=80, shares=(1.0,)))  # every center in use: no code length is capped
def test_rate_gradient_is_that_of_finite_differences(problem):
    weights, centers, temperature = problem
    gap = (centers[-1] - centers[0]) / (len(centers) - 1)
    step = 1e-4 * float(gap)
    _, gradient = rate_gradient(weights, centers, temperature)
    chosen = np.arange(len(weights))[:: max(len(weights) // 8, 1)]
    wide = weights.astype("float64")
    for i in chosen:
        shift = step * (np.arange(len(weights)) == i)
        more, less = (reference_bits(wide + sign * shift, centers, temperature) for sign in (1, -1))
        expected = (more - less) / (2 * step) * gap  # bits a gap, of order 1 / temperature^2
        assert gradient[i] * gap == pytest.approx(expected, rel=0.05, abs=0.1 / temperature**2)


def test_tabulated_gradient_is_the_dense_gradient(rng):
    centers = np.linspace(-0.7, 0.7, 15).astype("float32")
    weights = (0.15 * rng.standard_normal((40, 50))).astype("float32")
    for temperature in (0.4, 1.0):
        variable = tf.Variable(weights)
        with tf.GradientTape() as tape:
            bits = assignment.relaxed_bits_dense(
                ops.reshape(variable, weights.shape), centers, temperature
            )
        dense = tape.gradient(bits, variable).numpy()
        value, table = rate_gradient(weights, centers, temperature)
        assert value == pytest.approx(float(bits), rel=2e-3)
        assert np.abs(table - dense).max() < 0.12 * np.abs(dense).max()
        assert np.linalg.norm(table - dense) < 0.04 * np.linalg.norm(dense)


def test_rate_gradient_scales_with_the_upstream_gradient(rng):
    weights = tf.Variable(rng.standard_normal(50).astype("float32"))
    centers = np.array([-1.0, 0.0, 1.0], "float32")
    with tf.GradientTape(persistent=True) as tape:
        bits = assignment.relaxed_bits(ops.reshape(weights, (50,)), centers, 0.5)
        scaled = -3.0 * bits
    np.testing.assert_allclose(
        tape.gradient(scaled, weights), -3.0 * tape.gradient(bits, weights), rtol=1e-5
    )


def test_rate_has_no_gradient_for_centers_or_temperature(rng):
    weights = rng.standard_normal(50).astype("float32")
    centers = tf.Variable([-1.0, 0.0, 1.0])
    temperature = tf.Variable(0.5)
    with tf.GradientTape() as tape:
        bits = assignment.relaxed_bits(weights, ops.reshape(centers, (3,)), temperature * 1.0)
    for gradient in tape.gradient(bits, [centers, temperature]):
        assert gradient is None or not np.any(gradient)


@settings(max_examples=40, deadline=None)
@given(problems())
def test_moments_are_those_of_the_dense_assignment(problem):
    weights, centers, temperature = problem
    gap = float(centers[-1] - centers[0]) / (len(centers) - 1)
    soft = reference_assignment(weights, centers, temperature)
    mean = soft @ centers.astype("float64")
    spread = centers.astype("float64") - mean[:, None]
    variance = np.sum(soft * spread**2, axis=-1)
    means, variances = assignment.soft_moments(weights, centers, temperature)
    np.testing.assert_allclose(means, mean, atol=0.01 * gap)
    np.testing.assert_allclose(variances, variance, atol=0.01 * gap**2 + 1e-4 * variance.max())
    assert np.all(ops.convert_to_numpy(variances) >= 0)


def test_moments_are_differentiable_in_weights_and_centers(rng):
    weights = tf.Variable(rng.uniform(-1, 1, 30).astype("float32"))
    centers = tf.Variable([-1.0, -0.4, 0.0, 0.7, 1.0])
    with tf.GradientTape(persistent=True) as tape:
        means, variances = assignment.soft_moments(
            ops.reshape(weights, (30,)), ops.reshape(centers, (5,)), 0.5
        )
    assert np.any(tape.gradient(variances, weights))
    assert np.any(tape.gradient(variances, centers))

    step = 1e-5
    gradient = tape.gradient(means, weights).numpy()
    wide, fixed = weights.numpy().astype("float64"), centers.numpy().astype("float64")

    def mean(values, points):
        return reference_assignment(values, points, 0.5) @ points

    slope = (mean(wide + step, fixed) - mean(wide - step, fixed)) / (2 * step)
    np.testing.assert_allclose(gradient, slope, atol=0.15)

    gradient = tape.gradient(means, centers).numpy()
    shift = step * np.array([0, 1, 0, 0, 0])  # an inner center: the gap stays the same
    slope = (mean(wide, fixed + shift) - mean(wide, fixed - shift)).sum() / (2 * step)
    assert gradient[1] == pytest.approx(slope, rel=0.02)


def test_code_lengths_of_unused_centers_are_finite():
    lengths = ops.convert_to_numpy(assignment.code_lengths(np.array([0.0, 0.25, 0.75], "f4"), 100))
    np.testing.assert_allclose(lengths, -np.log2([0.005, 0.25, 0.75]), rtol=1e-5)


def test_entropy_of_known_distributions():
    assert float(assignment.entropy(np.full(8, 0.125, "float32"))) == pytest.approx(3.0, abs=1e-5)
    assert float(assignment.entropy(np.array([0.0, 1.0], "float32"))) == pytest.approx(0, abs=1e-6)


def test_rate_counts_every_weight_of_a_large_tensor():
    """A float32 counter stops at 2^24."""
    weights = np.zeros(2**25, "float32")
    weights[: 2**22] = 1.0
    bits = float(assignment.relaxed_bits(weights, np.array([-1, 0, 1], "float32"), 0.05))
    share = 2**22 / len(weights)
    expected = -len(weights) * (share * np.log2(share) + (1 - share) * np.log2(1 - share))
    # Exact up to the half of a cell that a table averages over.
    assert bits == pytest.approx(expected, rel=1e-3)
