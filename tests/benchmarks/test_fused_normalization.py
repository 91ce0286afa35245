import keras
import numpy as np
import pytest
import tensorflow as tf
from fused_normalization import fused_normalization

X = np.random.default_rng(0).normal(2, 3, (8, 5, 5, 3)).astype("float32")


def trained_step():
    """Outputs, gradients and moving statistics of one step."""
    layer = keras.layers.BatchNormalization(momentum=0.5)
    layer.build(X.shape)
    layer.gamma.assign([0.5, 1.0, -2.0])
    inputs = tf.Variable(X)
    with tf.GradientTape() as tape:
        outputs = layer(inputs, training=True)
        loss = tf.reduce_sum(outputs**3)
    gradients = tape.gradient(loss, [inputs, *(v.value for v in layer.trainable_variables)])
    return [np.array(v) for v in (outputs, *gradients, layer.moving_mean, layer.moving_variance)]


def test_it_trains_as_keras_does():
    expected = trained_step()
    with fused_normalization():
        fused = trained_step()
    assert len(fused) == len(expected) == 6
    for a, b in zip(fused, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("fits", "expected"), [(True, True), (False, False)])
def test_it_runs_where_it_fits_alone(fits, expected):
    layer = keras.layers.BatchNormalization(scale=fits)
    layer.build(X.shape)
    with fused_normalization():
        graph = tf.function(lambda x: layer(x, training=True)).get_concrete_function(X).graph
    assert ("FusedBatchNormV3" in {op.type for op in graph.get_operations()}) is expected


def test_keras_is_restored():
    before = keras.layers.BatchNormalization.call
    with pytest.raises(RuntimeError), fused_normalization():
        raise RuntimeError
    assert keras.layers.BatchNormalization.call is before
