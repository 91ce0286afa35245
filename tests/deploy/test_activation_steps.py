import os
import sys

import keras
import numpy as np
import pytest
import tflite
from keras import layers, ops

import keras_ec
from keras_ec.deploy.activation_steps import STEP_BITS, with_short_steps
from keras_ec.deploy.calibration import representative_dataset
from keras_ec.deploy.export import converted, deployable
from keras_ec.deploy.weighted_operators import weighted_operators

sys.path.insert(0, os.path.dirname(__file__))

from litert_runner import run


def pictures():
    """All kinds of operators that allow it, but for a few that the converter fuses."""
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, activation="relu6", bias_initializer="random_normal")(inputs)
    y = layers.DepthwiseConv2D(3, padding="same", bias_initializer="random_normal")(x)
    x = layers.concatenate([layers.add([x, y]), layers.multiply([x, y])])
    x = layers.MaxPooling2D()(layers.ZeroPadding2D()(x))
    x = layers.concatenate([layers.Flatten()(x), layers.GlobalAveragePooling2D()(x)])
    x = layers.Dense(8, activation="sigmoid", bias_initializer="random_normal")(x)
    x = layers.Dense(8, activation="tanh")(x)
    return keras.Model(inputs, layers.Dense(5, activation="softmax")(x))


@keras.saving.register_keras_serializable("tests")
class Beside(layers.Layer):
    """Puts constants beside the inputs."""

    def call(self, inputs):
        return ops.concatenate([inputs, ops.full((1, 3), 0.7)], -1)


def quantized(model, x):
    network = deployable(model)
    return converted(network, representative_dataset(x, network.inputs))


def activations(content):
    """Scales and zero points of the activations in int8."""
    model = tflite.Model.GetRootAs(content)
    graph, found = model.Subgraphs(0), []
    for i in range(graph.TensorsLength()):
        tensor = graph.Tensors(i)
        constant = model.Buffers(tensor.Buffer()).DataLength()
        if tensor.Type() == tflite.TensorType.INT8 and not constant:
            quantization = tensor.Quantization()
            found.append((quantization.Scale(0), quantization.ZeroPoint(0)))
    return np.array(found).T


def test_scales_grow_by_less_than_a_128th_and_have_few_bits(rng):
    content = quantized(pictures(), rng.standard_normal((40, 8, 8, 3)).astype("float32"))
    short = with_short_steps(content)
    (before, zeros), (after, others) = activations(content), activations(short)
    first = before == before[0]  # of the network's input
    assert first.sum() == 1 and after[0] == before[0]
    before, after = before[1:], after[1:]
    assert len(short) == len(content) and before.size > 10
    np.testing.assert_array_equal(zeros, others)
    assert (before <= after).all() and (after < before * (1 + 2.0 ** (1 - STEP_BITS))).all()
    mantissas = np.ldexp(np.frexp(after)[0], STEP_BITS)
    np.testing.assert_array_equal(mantissas, np.round(mantissas))
    assert np.unique(before).size == np.unique(after).size > 5  # equal ones stay equal
    assert with_short_steps(short) == short


def test_biases_stand_for_the_same_numbers(rng):
    content = quantized(pictures(), rng.standard_normal((40, 8, 8, 3)).astype("float32"))
    data = [bytearray(content), bytearray(with_short_steps(content))]
    before, after = (weighted_operators(tflite.Model.GetRootAs(d), d) for d in data)
    checked = 0
    for old, new in zip(before, after, strict=True):
        if new.bias is not None:
            scales = new.bias.scales.astype("float64")
            np.testing.assert_allclose(scales, new.steps[0] * new.kernel.scales, rtol=1e-6)
            difference = new.bias.integers * scales - old.bias.integers * old.bias.scales
            assert (np.abs(difference) <= 0.51 * scales).all()
            checked += new.bias.integers.any()
    assert checked >= 3


def test_litert_infers_as_well(rng):
    model, x = pictures(), rng.standard_normal((40, 8, 8, 3)).astype("float32")
    content = quantized(model, x)
    expected = ops.convert_to_numpy(model(x))
    before, after = (np.abs(run(c, x) - expected) for c in (content, with_short_steps(content)))
    assert after.mean() < 1.2 * before.mean() + 1e-3
    assert after.max() < 0.1


FIRST = {
    "max pooling": layers.MaxPooling2D(),
    "average pooling": layers.AveragePooling2D(2),
    "padding": layers.ZeroPadding2D(),
    "flatten": layers.Flatten(),
    "global pooling": layers.GlobalAveragePooling2D(),
    "relu": layers.ReLU(),
    "concatenate": None,
    "pooled concatenate": None,
    "add": None,
}


@pytest.mark.parametrize("first", FIRST)
def test_litert_takes_networks_whose_first_operator_keeps_scales(first, rng):
    """Pixels in 255ths, whose scale has many bits."""
    inputs = keras.Input((8, 8, 3))
    if "concatenate" in first:
        y = layers.AveragePooling2D(1)(inputs) if "pooled" in first else inputs
        x = layers.concatenate([y, layers.Conv2D(3, 1)(inputs)])
    elif first == "add":
        x = layers.add([inputs, layers.Conv2D(3, 1)(inputs)])
    else:
        x = FIRST[first](inputs)
    model = keras.Model(inputs, layers.Dense(4)(layers.Flatten()(x)))
    pictures = (rng.integers(0, 256, (60, 8, 8, 3)) / 255).astype("float32")
    pictures[0, 0, 0, 0], pictures[0, 0, 0, 1] = 0, 1
    expected = ops.convert_to_numpy(model(pictures))
    for content in (quantized(model, pictures), with_short_steps(quantized(model, pictures))):
        found = run(content, pictures)
        np.testing.assert_allclose(found, expected, atol=0.02 * np.ptp(expected))


@pytest.mark.parametrize("kind", ["maximum", "constant", "transposed", "used twice"])
def test_other_networks_stay(kind, rng):
    """An operator that is not known, a constant beside activations, other biases."""
    inputs = keras.Input((4, 4, 2))
    x = layers.Conv2D(2, 3, padding="same")(inputs)
    if kind == "maximum":
        x = ops.maximum(x, inputs)
    if kind == "constant":
        x = Beside()(layers.Flatten()(x))
    if kind == "transposed":
        x = layers.Conv2DTranspose(2, 3, bias_initializer="random_normal")(x)
    if kind == "used twice":
        dense = layers.Conv2D(2, 1, bias_initializer="random_normal")
        x = dense(layers.ReLU()(dense(x)))
    content = quantized(
        keras.Model(inputs, x), rng.standard_normal((20, 4, 4, 2)).astype("float32")
    )
    assert with_short_steps(content) == content


def test_exported_networks_have_them(rng):
    model = keras.Sequential([keras.Input((8, 8, 3)), keras_ec.layers.ECConv2D(8, 3)])
    model.add(layers.ReLU())
    keras_ec.harden(model)
    x = rng.standard_normal((40, 8, 8, 3)).astype("float32")
    (_, *scales), _ = activations(keras_ec.deploy.export.tflite_bytes(model, x))
    mantissas = np.ldexp(np.frexp(scales)[0], STEP_BITS)
    np.testing.assert_array_equal(mantissas, np.round(mantissas))
