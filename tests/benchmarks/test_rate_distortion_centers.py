"""Assignment by distance and code length."""

import keras
import numpy as np
import pytest

import keras_ec


@pytest.fixture
def weight():
    """Quantized weight of a layer whose values are mostly small."""
    import rate_distortion_centers

    rng = np.random.default_rng(0)
    dense = keras.layers.Dense(40)
    base = keras.Sequential([keras.Input((50,)), dense])
    dense.kernel.assign(rng.laplace(0, 0.1, (50, 40)))
    model = keras_ec.convert(
        base, alpha=0.0, num_examples=1, center_type=rate_distortion_centers.KIND, centers=7
    )
    return model.layers[0].quantized_weights[0]


def cost(weight, levels):
    """Distance and code length of an assignment, in squared spacings."""
    values = np.array(weight.value()) / float(weight.centers.spacing())
    price = float(weight.centers.rate_scale)
    bits = -np.log2(np.bincount((levels + 3).ravel(), minlength=7) / levels.size + 1e-30)
    return np.sum((values - levels) ** 2) + price * np.sum(bits[levels + 3])


def test_takes_the_nearest_center_where_bits_cost_nothing(weight):
    weight.centers.rate_scale.assign(0.0)
    values = np.array(weight.value()) / float(weight.centers.spacing())
    assert np.array_equal(np.array(weight.indices()) - 3, np.clip(np.rint(values), -3, 3))


def test_costs_less_than_the_nearest_centers(weight):
    weight.centers.rate_scale.assign(0.0)
    nearest = np.array(weight.indices()) - 3
    weight.centers.rate_scale.assign(0.2)
    chosen = np.array(weight.indices()) - 3
    assert np.mean(chosen == 0) > np.mean(nearest == 0)
    assert cost(weight, chosen) < cost(weight, nearest)


def test_values_are_those_of_the_assignment_with_gradients_of_straight_through(weight):
    import tensorflow as tf

    weight.centers.rate_scale.assign(0.2)
    with tf.GradientTape() as tape:
        values = weight.hard_values()
        loss = tf.reduce_sum(values * 3.0)
    levels = np.array(weight.indices()) - 3
    assert np.allclose(values, levels * float(weight.centers.spacing()), rtol=1e-6)
    of_weights, of_multiplier = tape.gradient(
        loss, [weight.variable.value, weight.centers.multiplier.value]
    )
    assert np.allclose(of_weights, 3.0)
    assert float(of_multiplier) == pytest.approx(
        3.0 * levels.sum() * float(weight.centers.unit), rel=1e-4
    )


def test_hardened_weights_stay_where_they_are(weight):
    weight.centers.rate_scale.assign(0.4)
    layer = weight.layer
    layer.freeze_assignments()
    before = np.array(weight.indices())
    layer.unfreeze_assignments()
    assert np.array_equal(np.array(weight.indices()), before)
    layer.harden()
    assert np.array_equal(np.array(weight.indices()), before)


def test_small_tensors_pay_less_for_a_bit(weight):
    import rate_distortion_centers

    weight.centers.rate_scale.assign(0.4)
    whole = np.array(weight.indices())
    small = (
        keras_ec.convert(
            keras.Sequential([keras.Input((50,)), keras.layers.Dense(20)]),
            alpha=0.0,
            num_examples=1,
            center_type=rate_distortion_centers.KIND,
        )
        .layers[0]
        .quantized_weights[0]
    )
    rate_distortion_centers.share_by_size([weight, small])
    assert (weight.centers.share, small.centers.share) == (1.0, 0.5)
    weight.centers.share = 0.25
    assert np.mean(np.array(weight.indices()) == 3) < np.mean(whole == 3)
