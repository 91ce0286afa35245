import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_ec import harden
from keras_ec.deploy.normalization import ChannelAffine, affine_layer, set_affine
from keras_ec.hardening import folded_normalization
from keras_ec.layers import ECDense
from keras_ec.rounding import round_scales, round_vector


def array(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.fixture
def source(rng):
    layer = layers.BatchNormalization()
    layer.build((None, 12))
    for variable in layer.weights:
        variable.assign(rng.uniform(0.2, 2.0, 12))
    return layer


def affine(source, axis=-1):
    target = ChannelAffine(axis=axis)
    target.build((None, 12))
    set_affine(target, source)
    return target


@pytest.mark.parametrize("axis", [-1, 1])
def test_infers_like_batch_normalization(axis, rng):
    source = layers.BatchNormalization(axis=axis)
    source.build((None, 12, 5, 12))
    for variable in source.weights:
        variable.assign(rng.uniform(0.2, 2.0, 12))
    target = ChannelAffine(axis=axis)
    target.build((None, 12, 5, 12))
    set_affine(target, source)
    x = rng.standard_normal((3, 12, 5, 12)).astype("float32")
    np.testing.assert_allclose(target(x), source(x), rtol=1e-4, atol=1e-4)
    assert target.compute_output_shape(x.shape) == x.shape


def test_scales_off_the_grid_are_kept(source):
    scale, _ = folded_normalization(source)
    np.testing.assert_allclose(array(affine(source).scale), scale, rtol=1e-6)
    assert np.any(round_scales(scale) != scale.astype("float32"))


def test_hardened_scales_and_offsets_are_exactly_on_their_grids(source, rng):
    model = keras.Sequential([keras.Input((12,)), ECDense(12), layers.BatchNormalization()])
    for new, old in zip(model.layers[1].weights, source.weights, strict=True):
        new.assign(old)
    harden(model)
    target = affine(model.layers[1])
    scale, offset = array(target.scale), array(target.offset)
    np.testing.assert_array_equal(round_scales(scale), scale)
    np.testing.assert_array_equal(round_vector(offset), offset)
    assert not np.any(np.signbit(offset) & (offset == 0))


def test_offsets_of_zero(source):
    source.beta.assign(np.zeros(12))
    source.moving_mean.assign(np.zeros(12))
    np.testing.assert_array_equal(array(affine(source).offset), np.zeros(12))


def test_serialized_replacement():
    node = keras.saving.serialize_keras_object(layers.BatchNormalization(axis=1, name="norm"))
    made = keras.saving.deserialize_keras_object(affine_layer(node))
    assert isinstance(made, ChannelAffine) and (made.name, made.axis) == ("norm", 1)
    assert ChannelAffine.from_config(made.get_config()).axis == 1
    other = keras.saving.serialize_keras_object(layers.Dense(3))
    assert affine_layer(other) is other
