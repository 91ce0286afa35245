import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from keras_ec import strip
from keras_ec.layers import EC_LAYERS, ECGroupNormalization, ECLayerNormalization
from keras_ec.regularizers import EntropyRegularizer
from keras_ec.rounding import round_vector

COUNTERPARTS = {
    layers.LayerNormalization: (ECLayerNormalization, {}),
    layers.GroupNormalization: (ECGroupNormalization, {"groups": 2}),
}


@pytest.mark.parametrize("plain", COUNTERPARTS)
def test_infers_as_the_plain_layer_with_rounded_vectors(plain, rng):
    ec_class, arguments = COUNTERPARTS[plain]
    assert EC_LAYERS[plain] is ec_class
    layer, twin = ec_class(vector_bits=4, **arguments), plain(**arguments)
    x = rng.standard_normal((5, 3, 6)).astype("float32")
    layer.build(x.shape)
    twin.build(x.shape)
    for mine, theirs in zip(layer.rounded_vectors, twin.weights, strict=True):
        mine.assign(rng.uniform(0.4, 1.6, mine.shape))
        theirs.assign(round_vector(ops.convert_to_numpy(mine), 4))
        assert np.any(ops.convert_to_numpy(mine) != ops.convert_to_numpy(theirs))
    np.testing.assert_array_equal(layer(x), twin(x))
    assert ec_class.from_config(layer.get_config()).get_config() == layer.get_config()


def test_scales_of_several_axes_are_left_alone(rng):
    layer = ECLayerNormalization(axis=[1, 2], vector_bits=4)
    x = rng.standard_normal((5, 3, 6)).astype("float32")
    layer(x)
    assert layer.gamma.shape == (3, 6) and not layer.rounded_vectors
    np.testing.assert_array_equal(layer(x), keras.layers.LayerNormalization(axis=[1, 2])(x))


@pytest.mark.parametrize("plain", COUNTERPARTS)
def test_rate_is_zero_for_a_new_layer_and_draws_to_it(plain, rng):
    ec_class, arguments = COUNTERPARTS[plain]
    layer = ec_class(entropy_regularizer=EntropyRegularizer(0.5, 100), **arguments)
    layer.build((None, 6))
    assert [float(loss) for loss in layer.losses] == [0.0, 0.0]
    layer.gamma.assign([1.5, 0.5, 1.0, 1.0, 1.0, 1.0])
    layer.beta.assign([0.0, 0.0, 0.3, 0.0, 0.0, 0.0])
    with tf.GradientTape() as tape:
        loss = sum(layer.losses)
    of_scale, of_offset = tape.gradient(loss, [layer.gamma.value, layer.beta.value])
    np.testing.assert_array_equal(np.sign(of_scale), [1, -1, 0, 0, 0, 0])
    np.testing.assert_array_equal(np.sign(of_offset), [0, 0, 1, 0, 0, 0])
    layer.rate_scale.assign(0.25)
    assert float(sum(layer.losses)) == pytest.approx(0.25 * float(loss))
    assert layer.rate_scales() == layer.assignment_state() == [layer.rate_scale]


def test_no_regularizer_no_penalty():
    layer = ECLayerNormalization(beta_regularizer="l2")
    layer.build((None, 3))
    assert len(layer.losses) == 1
    both = ECLayerNormalization(
        beta_regularizer="l2", entropy_regularizer=EntropyRegularizer(0.5, 100)
    )
    both.build((None, 3))
    both.beta.assign([1.0, 0.0, 0.0])
    expected = 0.5 * np.log(2) / 100 * 3 * np.log2(1 + 1 / 3 / 0.05) + 0.01
    assert float(sum(both.losses)) == pytest.approx(expected, rel=1e-5)


def test_before_it_is_built_and_in_double_precision():
    regularizer = EntropyRegularizer(0.5, 100)
    layer = ECLayerNormalization(entropy_regularizer=regularizer, dtype="float64")
    assert layer.rate_scales() == layer.assignment_state() == []
    inputs = keras.Input((3,), dtype="float64")
    model = keras.Model(inputs, layer(inputs))
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(np.ones((4, 3)), np.ones((4, 3)), verbose=0)
    assert layer.rate_scale.dtype == "float32"
    plain = strip(model)
    assert type(plain.layers[-1]) is layers.LayerNormalization


def test_frozen_then_thawed_it_has_a_rate():
    layer = ECLayerNormalization(entropy_regularizer=EntropyRegularizer(0.5, 100))
    layer.trainable = False
    layer.build((None, 3))
    assert not layer.losses
    layer.trainable = True
    assert len(layer.losses) == 2
