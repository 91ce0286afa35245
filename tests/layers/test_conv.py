import keras
import numpy as np
import pytest

from keras_ec.layers import EC_LAYERS, ECConv1D, ECConv2D, ECDepthwiseConv2D

COUNTERPARTS = {
    keras.layers.Conv1D: ECConv1D,
    keras.layers.Conv2D: ECConv2D,
    keras.layers.DepthwiseConv2D: ECDepthwiseConv2D,
}


@pytest.mark.parametrize("plain", COUNTERPARTS)
def test_counterpart(plain):
    assert EC_LAYERS[plain] is COUNTERPARTS[plain]
    assert issubclass(COUNTERPARTS[plain], plain)


@pytest.mark.parametrize(
    "make, arguments, shape",
    [
        (ECConv1D, {"filters": 4, "kernel_size": 3, "padding": "causal"}, (9, 4)),
        (ECConv1D, {"filters": 4, "kernel_size": 3, "dilation_rate": 2}, (9, 4)),
        (ECConv2D, {"filters": 4, "kernel_size": (3, 2), "strides": 2}, (9, 8, 4)),
        (ECConv2D, {"filters": 4, "kernel_size": 3, "use_bias": False}, (9, 8, 4)),
        (ECConv2D, {"filters": 4, "kernel_size": 3, "groups": 2}, (9, 8, 4)),
        (ECDepthwiseConv2D, {"kernel_size": 3, "padding": "same", "use_bias": False}, (9, 8, 4)),
        (ECDepthwiseConv2D, {"kernel_size": 3, "depth_multiplier": 3, "strides": 2}, (9, 8, 4)),
    ],
)
@pytest.mark.parametrize("forward", ["straight_through", "gaussian"])
def test_options_of_the_keras_layer(make, arguments, shape, forward, rng):
    layer = make(**arguments, forward=forward)
    x = rng.standard_normal((2, *shape)).astype("float32")
    layer.build(x.shape)
    (plain_class,) = (plain for plain, ec in EC_LAYERS.items() if ec is make)
    plain = plain_class(**arguments)
    plain.build(x.shape)
    (weight,) = layer.quantized_weights
    plain.set_weights([weight.hardened(), *([layer.bias] if layer.use_bias else [])])
    np.testing.assert_allclose(layer(x), plain(x), rtol=1e-5, atol=1e-5)
    assert layer(x, training=True).shape == plain(x).shape
