import keras
import numpy as np
import pytest
from keras import layers

from keras_ec.cloning import clone, serialized


def test_identity_copies_weights_and_structure(rng):
    inputs = keras.Input((4,))
    shared = layers.Dense(4)
    model = keras.Model(inputs, shared(shared(layers.BatchNormalization()(inputs))))
    copy = clone(model, lambda node: node)
    x = rng.standard_normal((3, 4)).astype("float32")
    np.testing.assert_array_equal(model(x), copy(x))
    assert [v.path for v in copy.variables] == [v.path for v in model.variables]
    assert not {id(v) for v in copy.variables} & {id(v) for v in model.variables}


def test_what_layers_derived_from_data_is_copied(rng):
    data = 5 * rng.standard_normal((64, 4)).astype("float32") + 3
    normalization = layers.Normalization()
    normalization.adapt(data)
    model = keras.Sequential([keras.Input((4,)), normalization, layers.Dense(3)])
    copy = clone(clone(model, lambda node: node), lambda node: node)
    np.testing.assert_array_equal(copy(data), model(data))


@pytest.mark.parametrize(
    ("lookup", "words", "unknown"),
    [
        (layers.IntegerLookup, np.arange(100, 110), 7),
        (layers.StringLookup, np.array(["yes", "no"]), "perhaps"),
    ],
)
def test_vocabularies_are_copied(lookup, words, unknown):
    layer = lookup()
    layer.adapt(words)
    inputs = keras.Input((1,), dtype="int64" if unknown == 7 else "string")
    copy = clone(keras.Model(inputs, layer(inputs)), lambda node: node)
    assert copy.layers[-1].get_vocabulary() == layer.get_vocabulary()
    np.testing.assert_array_equal(copy.layers[-1]([words[0], unknown]), layer([words[0], unknown]))


def test_replaces_layers_within_wrappers():
    model = keras.Sequential(
        [keras.Input((5, 4)), layers.TimeDistributed(layers.Dense(3, activation="relu"))]
    )

    def without_activation(node):
        if node["class_name"] != "Dense":
            return node
        return serialized(layers.Dense, {**node["config"], "activation": "linear"})

    copy = clone(model, without_activation)
    assert copy.layers[0].layer.activation is keras.activations.linear
    assert model.layers[0].layer.activation is keras.activations.relu


@pytest.mark.parametrize("own_first", [True, False])
def test_layers_named_like_those_of_keras_keep_their_class(own_first, rng):
    class Dense(layers.Dense):
        def call(self, inputs):
            return 3 * super().call(inputs)

    pair = [Dense(4), layers.Dense(4)]
    model = keras.Sequential([keras.Input((4,)), *(pair if own_first else pair[::-1])])
    copy = clone(model, lambda node: node)
    assert [type(layer) for layer in copy.layers] == [type(layer) for layer in model.layers]
    x = rng.standard_normal((3, 4)).astype("float32")
    np.testing.assert_array_equal(copy(x), model(x))


def test_two_classes_of_one_name_are_refused():
    def make():
        class Scaled(layers.Dense):
            pass

        return Scaled(3)

    model = keras.Sequential([keras.Input((4,)), make(), make()])
    with pytest.raises(ValueError, match=r"'Scaled' of .*register_keras_serializable"):
        clone(model, lambda node: node)


def test_a_layer_whose_configuration_lies():
    class Fickle(layers.Layer):
        def __init__(self, units=2, **kwargs):
            super().__init__(**kwargs)
            self.units = units

        def get_config(self):
            return layers.Layer.get_config(layers.Layer(name=self.name))

        def build(self, shape):
            self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")

        def call(self, inputs):
            return inputs @ self.kernel

    model = keras.Sequential([keras.Input((4,)), Fickle(3)])
    with pytest.raises(ValueError, match="Cannot copy"):
        clone(model, lambda node: node)
