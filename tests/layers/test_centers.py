import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_ec.assignment import nearest
from keras_ec.layers import ECDense, FreeCenters, UniformCenters
from keras_ec.layers.center_types import make_centers
from keras_ec.layers.centers import LEAST_GAP, check_centers
from keras_ec.regularizers import RATE_MODELS
from keras_ec.rounding import MANTISSA_BITS

KINDS = {"uniform": UniformCenters, "free": FreeCenters}


def centers_for(kind, weights, centers=7):
    made = make_centers(centers, kind, "centers")
    made.create(keras.Variable(weights))
    return made


def array(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.fixture(params=["uniform", "free"])
def kind(request):
    return request.param


@pytest.fixture
def weights(rng):
    return (0.2 * rng.standard_normal((6, 5))).astype("float32")


def test_counted_centers_span_the_weights(kind, weights):
    centers = centers_for(kind, weights, 7)
    values = array(centers.values())
    reach = np.abs(weights).max()
    np.testing.assert_allclose(values, np.linspace(-reach, reach, 7), rtol=1e-6, atol=1e-7)
    assert values[3] == 0.0
    assert isinstance(centers, KINDS[kind])


def test_an_even_count_has_one_more_center_below_zero(kind, weights):
    values = array(centers_for(kind, weights, 4).values())
    assert np.sum(values < 0) == 2 and np.sum(values == 0) == 1 and np.sum(values > 0) == 1


def test_two_centers(kind, weights):
    values = array(centers_for(kind, weights, 2).values())
    assert len(values) == 2 and np.any(values == 0)


@pytest.mark.parametrize("weight", [0.0, 2e-37])
def test_zero_weights_still_get_distinct_centers(kind, weight):
    """And so do those whose gaps float32 does not have."""
    values = array(centers_for(kind, np.full((3, 3), weight, "float32")).values())
    assert np.all(np.diff(values) > 0)


def test_given_centers_are_kept_and_sorted(kind, weights):
    values = array(centers_for(kind, weights, [0.2, 0.0, -0.1, 0.1]).values())
    np.testing.assert_allclose(values, [-0.1, 0.0, 0.1, 0.2], rtol=1e-6, atol=1e-8)


def test_unevenly_spaced_centers_are_free_only(weights):
    given = [-0.3, 0.0, 0.1, 0.5]
    values = array(centers_for("free", weights, given).values())
    np.testing.assert_allclose(values, given, rtol=1e-6, atol=1e-8)
    with pytest.raises(ValueError, match="evenly spaced"):
        make_centers(given, "uniform", "centers")


def test_unit_is_a_power_of_two_and_multiplier_of_order_one():
    for exponent in range(-12, 4):
        for factor in (1.0, 1.3, 1.9999):
            gap = 2.0**exponent * factor
            centers = centers_for("uniform", np.array([[3 * gap]], "float32"), 7)
            mantissa, _ = np.frexp(float(centers.unit))
            assert mantissa == 0.5
            assert 0.99 <= float(array(centers.multiplier)) <= 2.01
            assert float(array(centers.spacing())) == pytest.approx(gap, rel=1e-6)


@pytest.mark.parametrize(
    "centers",
    [1, 0, -3, 2.5, True, [0.0], [], [1.0, 2.0], [0.0, np.nan], [0.0, 1.0, 1.0], [0.0, np.inf]],
)
def test_bad_centers(centers):
    for evenly_spaced in (False, True):
        with pytest.raises(ValueError, match="centers"):
            check_centers(centers, evenly_spaced)


def test_unknown_type():
    with pytest.raises(ValueError, match="center_type"):
        make_centers(5, "learned", "centers")


def test_hard_values_are_centers_and_nearest(kind, weights):
    centers = centers_for(kind, weights)
    values, hard, indices = map(
        array, (centers.values(), centers.hard_values(weights), centers.indices(weights))
    )
    np.testing.assert_array_equal(hard, values[indices])
    distance = np.abs(weights[..., None] - values)
    chosen = np.take_along_axis(distance, indices[..., None], -1)[..., 0]
    np.testing.assert_allclose(chosen, distance.min(axis=-1), atol=1e-6)
    assert hard.dtype == np.float32 and indices.dtype == np.int32


def test_gradient_of_hard_values(kind, weights, rng):
    """Straight through to the weights, summed over its weights for each center."""
    centers = centers_for(kind, weights)
    upstream = rng.standard_normal(weights.shape).astype("float32")
    variable = tf.Variable(weights)
    (trained,) = centers.trainable_variables
    with tf.GradientTape() as tape:
        hard = centers.hard_values(ops.reshape(variable, weights.shape))
        loss = ops.sum(hard * upstream)
    of_weights, of_centers = tape.gradient(loss, [variable, trained.value])
    np.testing.assert_allclose(of_weights, upstream, rtol=1e-6)

    indices = array(centers.indices(weights))
    sums = np.bincount(indices.ravel(), upstream.ravel(), minlength=7) * float(centers.unit)
    sums[3] = 0.0  # the center at zero is pinned
    expected = sums if kind == "free" else np.sum(sums * (np.arange(7) - 3))
    np.testing.assert_allclose(of_centers, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("rate", RATE_MODELS.values(), ids=RATE_MODELS)
def test_rate_has_no_gradient_for_the_centers(kind, weights, rate):
    centers = centers_for(kind, weights)
    variable = tf.Variable(weights)
    (trained,) = centers.trainable_variables
    with tf.GradientTape() as tape:
        values = ops.reshape(variable, weights.shape)
        bits = rate(values, centers.assigning_values(), centers.temperature)
    of_weights, of_centers = tape.gradient(bits, [variable, trained.value])
    assert np.any(of_weights)
    assert of_centers is None or not np.any(of_centers)


def test_frozen_centers_move_but_assignments_stay(kind, weights):
    centers = centers_for(kind, weights)
    before = array(centers.indices(weights))
    centers.freeze()
    (trained,) = centers.trainable_variables
    trained.assign(array(trained) * 1.5)
    np.testing.assert_array_equal(array(centers.indices(weights)), before)
    hard = array(centers.hard_values(weights))
    np.testing.assert_array_equal(hard, array(centers.values())[before])
    centers.unfreeze()
    assert np.any(array(centers.indices(weights)) != before)


def scale(centers, factor):
    (trained,) = centers.trainable_variables
    trained.assign(array(trained) * factor)


def test_assignments_outlast_centers_that_shrink(kind, weights):
    centers = centers_for(kind, weights)
    before, values = array(centers.indices(weights)), array(centers.values())
    assigning = array(centers.assigning_values())
    centers.observe()
    scale(centers, 0.6)
    centers.observe()
    np.testing.assert_array_equal(array(centers.indices(weights)), before)
    np.testing.assert_allclose(array(centers.assigning_values()), assigning, rtol=1e-6)
    np.testing.assert_allclose(
        array(centers.hard_values(weights)), 0.6 * values[before], rtol=1e-6, atol=1e-9
    )


def test_assignments_follow_centers_that_grow(kind, weights):
    centers = centers_for(kind, weights)
    before = array(centers.indices(weights))
    scale(centers, 1.5)
    after = array(centers.indices(weights))
    np.testing.assert_array_equal(after, array(nearest(weights, centers.values())))
    assert np.any(after != before)
    centers.observe()
    scale(centers, 1 / 1.5)
    np.testing.assert_array_equal(array(centers.indices(weights)), after)


@pytest.mark.parametrize("forget", [lambda c, w: c.unfreeze(), lambda c, w: c.reset(w)])
def test_larger_gaps_are_forgotten(kind, weights, forget):
    centers = centers_for(kind, weights)
    scale(centers, 3.0)
    centers.observe()
    scale(centers, 0.5)
    forget(centers, weights)
    np.testing.assert_allclose(
        array(centers.assigning_values()), array(centers.values()), rtol=1e-6, atol=1e-9
    )


@pytest.mark.parametrize("count", [2, 7])
def test_training_leaves_centers_a_gap_and_they_recover(kind, weights, count):
    """Pushed towards zero for a hundred steps, they stay apart, and the first step back shows."""
    centers = centers_for(kind, weights, count)
    (trained,) = centers.trainable_variables
    start = array(trained)
    optimizer = keras.optimizers.SGD(0.1)
    for _ in range(100):
        optimizer.apply([start], [trained])
    assert float(centers.gap()) == pytest.approx(LEAST_GAP * float(centers.unit), rel=1e-5)
    optimizer.apply([-start], [trained])
    assert float(centers.gap()) > 1.05 * LEAST_GAP * float(centers.unit)


def test_constraints_are_those_of_keras(kind, weights):
    """Keras before 3.15 takes no bare functions."""
    (variable,) = centers_for(kind, weights).trainable_variables
    assert isinstance(variable.constraint, keras.constraints.Constraint)


@pytest.mark.parametrize(
    "levels", [[0.3, -0.3, 0.0, 0.3, -0.3], [0.1, 0.1, 0.0, 0.1, 0.1], [1.5, 0.2, 0.7, -0.1, -0.2]]
)
def test_free_centers_that_crossed_are_kept_apart(weights, levels):
    centers = centers_for("free", weights, 5)
    trained = centers.levels
    trained.assign(np.array(levels, "float32"))
    before = array(centers.values())
    keras.optimizers.SGD(0.0).apply([np.ones(5, "float32")], [trained])
    after = array(centers.values())
    assert float(centers.gap()) == pytest.approx(LEAST_GAP * float(centers.unit), rel=1e-5)
    assert np.all(np.diff(after) >= np.diff(before)) and np.any(after == 0)


def test_reset_spreads_the_centers_anew(kind, weights):
    centers = centers_for(kind, weights)
    centers.freeze()
    centers.reset(3 * weights)
    expected = np.linspace(-3, 3, 7) * np.abs(weights).max()
    np.testing.assert_allclose(array(centers.values()), expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(array(centers.assigning_values()), expected, rtol=1e-6, atol=1e-6)


def test_free_centers_stay_sorted_with_zero_among_them(weights):
    centers = centers_for("free", weights, 5)
    centers.levels.assign(np.array([0.5, -1.0, 9.0, 0.25, -2.0], "float32"))
    values = array(centers.values()) / float(centers.unit)
    np.testing.assert_array_equal(values, [-2.0, -1.0, 0.0, 0.25, 0.5])


def test_rounded_values_have_few_significant_bits(kind, weights):
    centers = centers_for(kind, weights)
    before = array(centers.values())
    centers.round_values()
    after = array(centers.values())
    np.testing.assert_allclose(after, before, rtol=2.0**-MANTISSA_BITS)
    of_gap = after[after != 0] if kind == "free" else after[4:5]
    scaled = np.ldexp(np.frexp(of_gap.astype("float64"))[0], MANTISSA_BITS)
    np.testing.assert_array_equal(scaled, np.round(scaled))
    centers.round_values()
    np.testing.assert_array_equal(array(centers.values()), after)


def test_rate_is_that_of_the_weights(kind, rng):
    weights = rng.choice([-0.5, 0.0, 0.5], (40, 40), p=[0.1, 0.8, 0.1]).astype("float32")
    centers = centers_for(kind, weights, 3)
    expected = 1600 * -sum(p * np.log2(p) for p in np.unique(weights, return_counts=True)[1] / 1600)
    assert float(centers.hard_bits(weights)) == pytest.approx(expected, rel=1e-4)


def test_state_is_float32_under_any_policy(kind):
    keras.config.set_dtype_policy("mixed_bfloat16")
    layer = ECDense(3, center_type=kind)
    layer.build((None, 4))
    for variable in layer.kernel_centers.variables:
        assert variable.dtype == "float32"


def test_free_centers_that_fall_together_stay_finite():
    layer = ECDense(3, centers=3, center_type="free")
    layer.build((None, 4))
    layer.kernel_centers.levels.assign(np.zeros(3))
    (weight,) = layer.quantized_weights
    assert np.isfinite(float(weight.relaxed_bits()))
    assert np.all(np.isfinite(weight.hardened()))
