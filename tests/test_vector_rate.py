import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_ec.vector_rate import vector_bits


def test_zeros_cost_nothing_and_magnitudes_as_many_bits_as_they_have():
    assert float(vector_bits(np.zeros(9, "float32"), 0.1)) == 0.0
    assert float(vector_bits(np.full(9, 0.7, "float32"), 0.1)) == pytest.approx(27, rel=1e-5)


def test_every_entry_is_pulled_to_zero_alike(rng):
    values = tf.Variable(rng.normal(size=20).astype("float32"))
    step = tf.Variable(0.5)
    with tf.GradientTape() as tape:
        bits = vector_bits(ops.reshape(values, (20,)), ops.reshape(step, ()))
    of_values, of_step = tape.gradient(bits, [values, step])
    pull = of_values.numpy() * np.sign(values.numpy())
    np.testing.assert_allclose(pull, pull[0], rtol=1e-5)
    assert pull[0] > 0
    assert of_step is None or float(of_step) == 0.0


def test_vectors_of_zeros_have_a_finite_gradient():
    values = tf.Variable(np.zeros(4, "float32"))
    with tf.GradientTape() as tape:
        bits = vector_bits(ops.reshape(values, (4,)), 0.5)
    assert np.all(np.isfinite(tape.gradient(bits, values)))
