import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_ec
from keras_ec.bias_absorption import absorb_biases, normalized_layers
from keras_ec.inspection import inspect_archive
from keras_ec.layers import ECConv2D, ECDense


def array(tensor):
    return ops.convert_to_numpy(tensor)


def filled(model, rng):
    """Gives all biases and statistics of a model values that matter."""
    for variable in model.variables:
        if len(variable.shape) == 1:
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return model


def names(model):
    return {(layer.name, normalization.name) for layer, normalization in normalized_layers(model)}


def convolution(name, **options):
    return layers.Conv2D(3, 3, padding="same", name=name, **options)


def normalized(x, name, **options):
    return layers.BatchNormalization(name=f"{name}_norm")(convolution(name, **options)(x))


@pytest.fixture
def branched():
    """Three layers that qualify, one of them in a nested model, and all kinds that do not."""
    inner = keras.Sequential(
        [keras.Input((6, 6, 3)), ECConv2D(3, 3, padding="same", name="inner")], name="nested"
    )
    inner.add(layers.BatchNormalization(name="inner_norm"))
    inputs = keras.Input((6, 6, 2))
    x = normalized(inputs, "first")
    x = normalized(x, "active", activation="relu")
    x = normalized(x, "bare", use_bias=False)
    shared = convolution("shared")
    x = layers.BatchNormalization(name="shared_norm")(shared(x)) + shared(x)
    used_twice = convolution("used_twice")(x)
    x = layers.BatchNormalization(name="used_twice_norm")(used_twice) + used_twice
    norm = layers.BatchNormalization(name="norm_twice")
    x = norm(convolution("left")(x)) + norm(convolution("right")(x))
    x = inner(x)
    seen = convolution("seen")(x)
    x = layers.BatchNormalization(name="seen_norm")(seen)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.BatchNormalization(name="head_norm")(ECDense(4, name="head")(x))
    return keras.Model(inputs, {"scores": x, "maps": [seen]})


def test_layers_that_only_a_normalization_sees(branched):
    assert names(branched) == {
        ("first", "first_norm"),
        ("inner", "inner_norm"),
        ("head", "head_norm"),
    }


@pytest.mark.parametrize("training", [False, True])
def test_absorption_changes_no_output(branched, rng, training):
    filled(branched, rng)
    x = rng.standard_normal((8, 6, 6, 2)).astype("float32")
    weights = branched.get_weights()
    before = branched(x, training=training)
    branched.set_weights(weights)  # training moves the statistics
    absorb_biases(branched)
    after = branched(x, training=training)
    np.testing.assert_allclose(array(after["scores"]), array(before["scores"]), atol=2e-4)
    np.testing.assert_allclose(array(after["maps"][0]), array(before["maps"][0]), atol=2e-4)
    assert not array(branched.get_layer("first").bias).any()
    assert array(branched.get_layer("active").bias).all()


def test_absorption_again_changes_nothing(branched, rng):
    filled(branched, rng)
    absorb_biases(branched)
    before = branched.get_weights()
    absorb_biases(branched)
    for old, new in zip(before, branched.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_bias_of_other_axes_stays():
    inputs = keras.Input((4, 3))
    x = layers.BatchNormalization(axis=1)(layers.Dense(5)(inputs))
    assert normalized_layers(keras.Model(inputs, x)) == []
    x = layers.BatchNormalization(axis=1)(layers.Dense(4)(inputs))  # as many, but not the same
    assert normalized_layers(keras.Model(inputs, x)) == []


def test_channels_first():
    inputs = keras.Input((2, 5, 4))
    convolution = layers.Conv2D(4, 1, data_format="channels_first", name="first")
    x = layers.BatchNormalization(axis=1, name="norm")(convolution(inputs))
    assert names(keras.Model(inputs, x)) == {("first", "norm")}
    x = layers.BatchNormalization(axis=-1, name="norm")(convolution(inputs))
    assert names(keras.Model(inputs, x)) == set()


def test_models_without_a_graph_are_left_alone(rng):
    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense, self.norm = layers.Dense(3), layers.BatchNormalization()

        def call(self, x):
            return self.norm(self.dense(x))

    model = Subclassed()
    model(np.ones((1, 2)))
    filled(model, rng)
    before = model.get_weights()
    absorb_biases(model)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("error", [NotImplementedError, TypeError])
def test_layers_without_a_configuration_leave_the_graph_unknown(error):
    class Opaque(layers.Layer):
        def call(self, x):
            return -x

        def get_config(self):
            raise error("not serializable")

    inputs = keras.Input((3,))
    x = layers.BatchNormalization()(layers.Dense(2)(Opaque()(inputs)))
    assert normalized_layers(keras.Model(inputs, x)) == []


def test_deployed_biases_are_coded_in_few_bits(tmp_path, rng):
    model = keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            ECConv2D(32, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            ECConv2D(32, 3),
            layers.BatchNormalization(),
        ]
    )
    filled(model, rng)
    keras_ec.harden(model)
    keras_ec.compress(model, tmp_path / "model.ecz")
    tensors = inspect_archive((tmp_path / "model.ecz").read_bytes()).tensors
    biases = [tensor for tensor in tensors if tensor.shape == (32,)]
    assert len(biases) == 2
    assert all(bias.bits_per_weight < 14 for bias in biases)


@pytest.mark.parametrize("base", [keras.Model, keras.Sequential])
def test_graphs_that_a_subclass_does_not_follow(base):
    class Own(base):
        def call(self, x, training=None):
            return self.layers[-2](x)

    dense, normalization = layers.Dense(2), layers.BatchNormalization()
    inputs = keras.Input((3,))
    if base is keras.Model:
        model = Own(inputs, normalization(dense(inputs)))
    else:
        model = Own([inputs, dense, normalization])
    assert normalized_layers(model) == []


def test_layers_that_are_called_outside_the_graph():
    class Around(keras.layers.Layer):
        def __init__(self, inner, **kwargs):
            super().__init__(**kwargs)
            self.inner = inner

        def call(self, x):
            return self.inner(x)

        def get_config(self):
            return {**super().get_config(), "inner": self.inner}

    inputs = keras.Input((4, 3))
    dense = layers.Dense(2)
    x = layers.BatchNormalization()(dense(inputs)) + layers.TimeDistributed(dense)(inputs)
    assert normalized_layers(keras.Model(inputs, x)) == []
    dense = layers.Dense(2)
    x = layers.BatchNormalization()(dense(inputs)) + Around(dense)(inputs)
    assert normalized_layers(keras.Model(inputs, x)) == []


def test_subclasses_and_settings_that_compute_something_else():
    class Shifted(layers.BatchNormalization):
        def call(self, x, training=None, mask=None):
            return super().call(x, training=training, mask=mask) + x

    class Active(ECDense):
        def call(self, x, training=None):
            return ops.relu(super().call(x, training=training))

    frozen = layers.Dense(2, trainable=False)
    inputs = keras.Input((3,))
    for dense, normalization in [
        (layers.Dense(2), Shifted()),
        (Active(2), layers.BatchNormalization()),
        (layers.Dense(2, activity_regularizer="l2"), layers.BatchNormalization()),
        (frozen, layers.BatchNormalization()),
    ]:
        assert normalized_layers(keras.Model(inputs, normalization(dense(inputs)))) == []


def test_the_network_of_a_distiller(branched):
    assert normalized_layers(keras_ec.Distiller(branched, branched)) == normalized_layers(branched)
