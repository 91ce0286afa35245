import keras
import pytest
from keras import layers

from keras_ec.graph import Graph
from keras_ec.traversal import all_layers


def dense(name):
    return layers.Dense(3, name=name)


@pytest.fixture
def model():
    inner = keras.Sequential([keras.Input((3,)), dense("inner")], name="nested")
    inputs = keras.Input((3,), name="inputs")
    x = dense("first")(inputs)
    shared = dense("shared")
    x = layers.Add(name="sum")([shared(x), shared(inputs)])
    x = layers.TimeDistributed(layers.Dense(3, name="wrapped"), name="wrapper")(x[:, None])
    x = inner(x[:, 0])
    return keras.Model(inputs, {"a": x, "b": dense("last")(x)})


def by_name(model, name):
    return next(layer for layer in all_layers(model) if layer.name == name)


def consumers(model, name):
    found = Graph(model).consumers(by_name(model, name))
    return [None if layer is None else layer.name for layer in found]


def test_consumers_in_all_graphs(model):
    assert consumers(model, "inputs") == ["first", "shared"]
    assert consumers(model, "shared") == ["sum", "sum"]
    assert consumers(model, "inner") == [None]
    assert sorted(consumers(model, "nested"), key=str) == [None, "last"]
    assert consumers(model, "last") == [None]


def test_how_often_layers_are_called(model):
    graph = Graph(model)
    once = {
        n
        for n in ("first", "shared", "sum", "inner", "wrapper", "wrapped", "last")
        if graph.is_called_once(by_name(model, n))
    }
    assert once == {"first", "inner", "wrapper", "last"}
    unseen = {layer.name for layer in all_layers(model) if graph.may_be_called_unseen(layer)}
    assert unseen == {"wrapped"}


def test_a_layer_of_two_graphs_is_called_twice():
    shared = dense("shared")
    inner = keras.Sequential([keras.Input((3,)), shared])
    inputs = keras.Input((3,))
    graph = Graph(keras.Model(inputs, inner(shared(inputs))))
    assert not graph.is_called_once(shared)
    assert len(graph.consumers(shared)) == 2


def test_models_that_are_no_graphs_have_no_calls():
    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = dense("dense")

        def call(self, inputs):
            return self.dense(inputs)

    model = Subclassed()
    model.build((None, 3))
    assert Graph(model).calls == []
    assert Graph(dense("alone")).calls == []
    assert Graph(model).consumers(model.dense) == []


def test_calls_in_training():
    inputs = keras.Input((3,))
    inner = keras.Sequential([keras.Input((3,)), layers.Dropout(0.1, name="in")], name="nested")
    x = layers.Dropout(0.1, name="on")(inputs, training=True)
    x = layers.Dropout(0.1, name="off")(x, training=False)
    x = layers.Dropout(0.1, name="usual")(inner(x, training=True))
    model = keras.Model(inputs, x)
    graph = Graph(model)
    found = {layer.name for layer in all_layers(model) if graph.is_always_training(layer)}
    assert found >= {"on", "nested", "in"}
    assert not found & {"off", "usual"}
