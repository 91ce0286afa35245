import keras
import numpy as np
import pytest

from keras_ec.layers import EC_LAYERS, ECDense


def test_counterpart():
    assert EC_LAYERS[keras.layers.Dense] is ECDense
    assert issubclass(ECDense, keras.layers.Dense)


def test_hand_made_example():
    layer = ECDense(2, centers=[-0.5, 0.0, 0.5])
    layer.build((None, 3))
    layer.kernel.assign([[0.3, 0.2], [-0.3, 9.0], [-0.1, -0.26]])
    layer.bias.assign([1.0, 2.0])
    outputs = layer(np.array([[1.0, 10.0, 100.0]], "float32"))
    np.testing.assert_allclose(outputs, [[1 + 0.5 - 5, 2 + 0 + 5 - 50]])


@pytest.mark.parametrize("shape", [(2, 6), (2, 5, 6), (2, 3, 5, 6)])
@pytest.mark.parametrize("forward", ["straight_through", "gaussian"])
def test_any_rank_and_no_bias(shape, forward):
    layer = ECDense(4, use_bias=False, forward=forward)
    x = np.ones(shape, "float32")
    for training in (True, False):
        assert layer(x, training=training).shape == (*shape[:-1], 4)
    assert len(layer.trainable_variables) == 2


def test_constraint_and_initializer_of_the_keras_layer():
    layer = ECDense(4, kernel_initializer="ones", kernel_constraint="non_neg")
    layer.build((None, 3))
    np.testing.assert_array_equal(layer.kernel, np.ones((3, 4)))
    assert layer.kernel.constraint is layer.kernel_constraint
