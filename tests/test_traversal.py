import keras
import pytest
from keras import layers

from keras_ec.layers import ECDense
from keras_ec.traversal import all_layers, ec_layers, quantized_weights


class Container(keras.Model):
    def __init__(self):
        super().__init__()
        self.direct = ECDense(2)
        self.listed = [ECDense(2), (ECDense(2), layers.ReLU())]
        self.named = {"a": ECDense(2), "b": [ECDense(2)]}
        self.again = self.direct
        self.inner = keras.Sequential([ECDense(2)])
        self.wrapped = layers.TimeDistributed(ECDense(2))

    def call(self, x):
        x = self.listed[1][0](self.listed[0](self.direct(x)))
        x = self.inner(self.named["b"][0](self.named["a"](x)))
        return self.wrapped(x[:, None])[:, 0]


def test_finds_every_layer_once():
    model = Container()
    model(keras.ops.ones((1, 2)))
    found = ec_layers(model)
    assert len(found) == len({id(layer) for layer in found}) == 7
    assert found[0] is model.direct
    assert len(quantized_weights(model)) == 7
    everything = list(all_layers(model))
    assert everything[0] is model
    assert model.listed[1][1] in everything


def test_shared_layers_count_once():
    inputs, shared = keras.Input((2,)), ECDense(2)
    assert ec_layers(keras.Model(inputs, shared(shared(inputs)))) == [shared]


def test_a_compiled_model(blobs):
    model = keras.Sequential([keras.Input((8,)), ECDense(3)])
    model.compile(loss="sparse_categorical_crossentropy", jit_compile=False)
    model.fit(*blobs, verbose=0)
    assert ec_layers(model) == [model.layers[0]]


def test_a_layer_is_a_model_of_one():
    layer = ECDense(2)
    layer.build((None, 3))
    assert ec_layers(layer) == [layer]


def test_no_ec_layers():
    with pytest.raises(ValueError, match="no EC layer"):
        ec_layers(keras.Sequential([keras.Input((2,)), layers.Dense(2)]))


def test_not_built():
    with pytest.raises(ValueError, match="no weights yet"):
        ec_layers(keras.Sequential([ECDense(2)]))
