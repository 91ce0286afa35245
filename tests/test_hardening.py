import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_ec import harden
from keras_ec.hardening import folded_normalization, round_vectors
from keras_ec.layers import ECConv2D, ECDense
from keras_ec.rounding import SCALE_BITS, VECTOR_BITS, round_scales, round_vector
from keras_ec.traversal import quantized_weights


def array(tensor):
    return ops.convert_to_numpy(tensor)


def assert_no_negative_zero(values):
    assert not np.any(np.signbit(values) & (values == 0))


@pytest.fixture
def picture_net(rng):
    """Normalization with and without scale and offset; statistics as after training."""
    model = keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            ECConv2D(6, 3, use_bias=False, centers=5),
            layers.BatchNormalization(),
            layers.ReLU(),
            ECConv2D(6, 3, centers=5, center_type="free"),
            layers.BatchNormalization(scale=False),
            layers.DepthwiseConv2D(3),
            layers.BatchNormalization(center=False),
            layers.GlobalAveragePooling2D(),
            layers.LayerNormalization(),
            ECDense(4, centers=5),
        ]
    )
    for variable in model.weights:
        if len(variable.shape) == 1 and variable.name not in ("levels", "frozen_levels"):
            variable.assign(rng.uniform(0.4, 1.6, variable.shape))
    return model


def test_harden_puts_kernels_on_centers_and_vectors_on_grids(picture_net):
    harden(picture_net)
    for weight in quantized_weights(picture_net):
        kernel = array(weight.variable)
        assert len(np.unique(kernel)) <= 5
        assert_no_negative_zero(kernel)
        np.testing.assert_array_equal(kernel, weight.hardened())
    for layer in picture_net.layers:
        if isinstance(layer, (ECDense, ECConv2D, layers.DepthwiseConv2D)) and layer.use_bias:
            np.testing.assert_array_equal(array(layer.bias), round_vector(array(layer.bias)))
        if isinstance(layer, layers.BatchNormalization):
            scale, offset = folded_normalization(layer)
            if layer.scale:
                np.testing.assert_allclose(round_scales(scale), scale, rtol=1e-6)
            if layer.center:
                step = np.abs(offset).max() * 2.0**-VECTOR_BITS
                np.testing.assert_allclose(round_vector(offset), offset, atol=1e-4 * step)


def test_harden_is_idempotent(picture_net):
    harden(picture_net)
    first = picture_net.get_weights()
    harden(picture_net)
    for old, new in zip(first, picture_net.get_weights(), strict=True):
        np.testing.assert_allclose(old, new, rtol=3e-7, atol=1e-7)
    kernels = [array(w.variable) for w in quantized_weights(picture_net)]
    harden(picture_net)
    for old, weight in zip(kernels, quantized_weights(picture_net), strict=True):
        np.testing.assert_array_equal(old, array(weight.variable))


def test_harden_changes_outputs_little(picture_net, rng):
    """The network infers with hard kernels before, so only vectors change."""
    x = rng.standard_normal((16, 8, 8, 2)).astype("float32")
    before = array(picture_net(x))
    harden(picture_net, vector_bits=None)
    np.testing.assert_allclose(array(picture_net(x)), before, atol=5e-3)
    harden(picture_net)
    after = array(picture_net(x))
    assert np.abs(after - before).max() < 0.15 * before.std()
    assert np.any(after != before)


def test_no_vector_bits_leave_vectors_alone(picture_net):
    def others():
        kernels = {id(w.variable) for w in quantized_weights(picture_net)}
        state = {id(v) for w in quantized_weights(picture_net) for v in w.centers.variables}
        return [array(v) for v in picture_net.weights if id(v) not in kernels | state]

    before = others()
    harden(picture_net, vector_bits=None)
    for old, new in zip(before, others(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_more_bits_stay_closer(picture_net):
    bias = array(picture_net.layers[-1].bias)
    errors = []
    for bits in (3, 6, 10):
        picture_net.layers[-1].bias.assign(bias)
        round_vectors(picture_net, bits)
        errors.append(np.abs(array(picture_net.layers[-1].bias) - bias).max())
    assert errors[0] > errors[1] > errors[2] > 0


def test_folded_normalization_is_what_the_layer_computes(rng):
    layer = layers.BatchNormalization(epsilon=0.01)
    layer.build((None, 5))
    for variable in layer.weights:
        variable.assign(rng.uniform(0.5, 1.5, 5))
    x = rng.standard_normal((7, 5)).astype("float32")
    scale, offset = folded_normalization(layer)
    np.testing.assert_allclose(array(layer(x)), scale * x + offset, rtol=1e-4, atol=1e-5)


def normalization(mean, deviation, gamma):
    """A model whose inputs have any ranges, and its BatchNormalization."""
    model = keras.Sequential(
        [keras.Input((len(mean),)), layers.BatchNormalization(epsilon=1e-6), ECDense(3)]
    )
    layer = model.layers[0]
    layer.set_weights([gamma, 0.5 * np.ones(len(mean)), mean, np.square(deviation)])
    return model, layer


def test_inputs_of_different_ranges_are_normalized_alike(rng):
    """Incomes, ages, years and shares: scales differ by a million, offsets by a thousand."""
    mean, deviation = np.array([5e4, 40, 2000, 0.5, 0]), np.array([2e4, 12, 5, 0.3, 1e-2])
    model, layer = normalization(mean, deviation, np.ones(5))
    x = (mean + deviation * rng.standard_normal((200, 5))).astype("float32")
    before = array(layer(x))
    harden(model)
    after = array(layer(x))
    assert not np.array_equal(after, before)
    slope = np.sum((after - after.mean(0)) * (before - before.mean(0)), 0) / before.var(0) / 200
    np.testing.assert_allclose(slope, 1, atol=1.1 * 2.0**-SCALE_BITS)
    center = array(layer(mean[None].astype("float32")))[0]
    np.testing.assert_allclose(center, 0.5, atol=0.04)
    first = model.get_weights()
    harden(model)
    for old, new in zip(first, model.get_weights(), strict=True):
        np.testing.assert_allclose(old, new, rtol=3e-7, atol=1e-7)


def test_channels_that_hardly_vary_become_constants():
    model, layer = normalization(np.zeros(3), np.ones(3), np.array([1, -1e-4, 0.1]))
    harden(model)
    assert array(layer.gamma)[1] == 0
    np.testing.assert_allclose(array(layer.gamma)[[0, 2]], [1, 0.1], rtol=0.04)


def test_bad_vector_bits_change_nothing(picture_net):
    before = picture_net.get_weights()
    with pytest.raises(ValueError, match="bits"):
        harden(picture_net, vector_bits=1)
    for old, new in zip(before, picture_net.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_nothing_to_harden():
    with pytest.raises(ValueError, match="no EC layer"):
        harden(keras.Sequential([keras.Input((3,)), layers.Dense(2)]))
    with pytest.raises(ValueError, match="no weights yet"):
        harden(keras.Sequential([ECDense(2)]))
    for other in ("model.keras", None):
        with pytest.raises(ValueError, match="Expected a Keras model"):
            harden(other)


def test_weights_that_are_not_finite_are_refused_and_nothing_changes():
    model = keras.Sequential([keras.Input((3,)), ECDense(2), ECDense(2)])
    before = array(model.layers[0].kernel)
    model.layers[1].kernel.assign(np.full((2, 2), np.nan))
    with pytest.raises(ValueError, match="not finite"):
        harden(model)
    np.testing.assert_array_equal(array(model.layers[0].kernel), before)
