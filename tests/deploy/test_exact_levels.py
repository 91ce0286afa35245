import os
import sys

import keras
import numpy as np
import pytest
import tflite
from ai_edge_litert.interpreter import Interpreter
from keras import layers, ops

import keras_ec
from keras_ec.deploy.archive import compress_bytes
from keras_ec.deploy.calibration import representative_dataset
from keras_ec.deploy.exact_levels import (
    FINENESS,
    LARGEST,
    one_scale_is_exact,
    with_exact_levels,
)
from keras_ec.deploy.export import converted, deployable, tflite_bytes
from keras_ec.deploy.weighted_operators import weighted_operators
from keras_ec.layers import ECConv2D, ECDense, ECDepthwiseConv2D

sys.path.insert(0, os.path.dirname(__file__))

from litert_runner import run

KINDS = {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}


def branched():
    """All operators with kernels, with BatchNormalization and without, with biases and without."""
    inputs = keras.Input((8, 8, 3))
    x = ECConv2D(6, 3, use_bias=False, padding="same")(inputs)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    y = ECDepthwiseConv2D(3, padding="same", activation="relu")(x)
    x = layers.add([x, ECConv2D(6, 1, use_bias=False)(y)])
    x = ECDense(16, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, ECDense(4, use_bias=False)(x))


@pytest.fixture(scope="module")
def network():
    """A hardened network and examples."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    model = branched()
    for variable in model.weights:
        if variable.name in ("gamma", "moving_variance"):
            variable.assign(rng.lognormal(sigma=0.5, size=variable.shape))
        elif variable.name in ("beta", "moving_mean", "bias"):
            variable.assign(0.3 * rng.standard_normal(variable.shape))
    keras_ec.harden(model)
    return model, rng.standard_normal((60, 8, 8, 3)).astype("float32")


def operators(content):
    """Kind, step of input and output, and constants of all operators with kernels."""
    names = {code: name for name, code in vars(tflite.BuiltinOperator).items() if name in KINDS}
    interpreter = Interpreter(model_content=content, experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    details = {d["index"]: d for d in interpreter.get_tensor_details()}
    model = tflite.Model.GetRootAs(content)
    graph = model.Subgraphs(0)
    found = []
    for i in range(graph.OperatorsLength()):
        operator = graph.Operators(i)
        kind = names.get(model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode())
        if kind is None:
            continue
        source, *constants = [n for n in operator.InputsAsNumpy().tolist() if n >= 0]
        step = [details[n]["quantization"][0] for n in (source, operator.Outputs(0))]
        found.append((kind, step, [constant(interpreter, details[n]) for n in constants]))
    return found


def constant(interpreter, detail):
    """Integers and their scales, to be multiplied."""
    integers = interpreter.get_tensor(detail["index"])
    parameters = detail["quantization_parameters"]
    shape = [1] * integers.ndim
    shape[parameters["quantized_dimension"]] = -1
    return integers, parameters["scales"].astype("float64").reshape(shape)


def rounded(model, x):
    """The converter's own int8 network."""
    network = deployable(model)
    return converted(network, representative_dataset(x, network.inputs))


def test_int8_kernels_are_the_hardened_ones(network):
    model, x = network
    exact = operators(tflite_bytes(model))
    integral = operators(tflite_bytes(model, x))
    assert [kind for kind, _, _ in integral] == [kind for kind, _, _ in exact]
    assert {kind for kind, _, _ in integral} == KINDS
    for (_, _, (values, *_)), (_, _, (kernel, *_)) in zip(exact, integral, strict=True):
        integers, scales = kernel
        assert integers.dtype == np.int8 and np.abs(integers.astype(int)).max() <= LARGEST
        np.testing.assert_array_equal((integers * scales).astype("float32"), values[0])


def test_biases_are_rounded_finely(network):
    """To half a step of kernel times input, which is little beside a step of the output."""
    model, x = network
    exact = operators(tflite_bytes(model))
    checked = 0
    for (_, _, first), (_, (before, after), second) in zip(
        exact, operators(tflite_bytes(model, x)), strict=True
    ):
        if len(second) == 2 and len(first) == 2:
            (values, _), (kernel, scales), (bias, steps) = first[1], *second
            np.testing.assert_allclose(np.unique(steps), np.unique(before * scales), rtol=1e-6)
            assert (np.abs(bias * steps - values) <= 0.501 * steps).all()
            full = 2 * np.abs(kernel.astype(int)).max() > LARGEST
            assert full or steps.max() <= after / FINENESS
            checked += values.any()
    assert checked >= 3


def test_litert_infers_as_well_as_with_the_converters_integers(network):
    model, x = network
    expected = ops.convert_to_numpy(model(x))
    exact, before = (
        np.abs(run(c, x) - expected) for c in (tflite_bytes(model, x), rounded(*network))
    )
    assert exact.mean() < 1.2 * before.mean()
    assert exact.max() < 0.1 * np.ptp(expected)


def test_the_archive_gets_smaller_and_the_file_keeps_its_size():
    """Largest levels differ among channels, which the converter all scales to 127."""
    model = keras.Sequential(
        [keras.Input((40,))] + [ECDense(n, kernel_initializer="random_normal") for n in (60, 10)]
    )
    keras_ec.harden(model)
    x = np.random.default_rng(0).random((50, 40), "float32")
    content = rounded(model, x)
    better = with_exact_levels(content, tflite_bytes(model))
    assert len(better) == len(content)
    assert len(compress_bytes(better)) < 0.9 * len(compress_bytes(content))


def test_kernels_of_any_numbers_stay():
    model = keras.Sequential([keras.Input((20,)), layers.Dense(30), layers.Dense(4)])
    x = np.random.default_rng(0).random((50, 20), "float32")
    content = rounded(model, x)
    assert with_exact_levels(content, tflite_bytes(model)) == content


def test_kernels_of_another_network_stay(network):
    model, x = network
    content = tflite_bytes(model, x)
    other = keras.models.clone_model(model)
    keras_ec.harden(other)
    changed = with_exact_levels(content, tflite_bytes(other))
    assert changed == content


def test_unused_channels_and_kernels_of_zeros():
    model = keras.Sequential(
        [keras.Input((6,)), ECDense(5), ECDense(4, kernel_initializer="zeros", centers=[-1, 0, 1])]
    )
    kernel = np.array(ops.convert_to_numpy(model.layers[0].kernel))
    kernel[:, 2] = 0
    model.layers[0].kernel.assign(kernel)
    model.layers[0].bias.assign([0.5, 0, 0.25, 0, 0])
    model.layers[1].bias.assign([1, -0.5, 0, 0.25])
    keras_ec.harden(model)
    x = np.random.default_rng(0).random((50, 6), "float32")
    np.testing.assert_allclose(
        run(tflite_bytes(model, x), x), ops.convert_to_numpy(model(x)), atol=0.02
    )


def test_a_bias_without_weights_does_not_hide_the_kernel():
    """The converter makes it a billion steps, which float32 rounds by some tens of them."""
    model = keras.Sequential(
        [keras.Input((8, 8, 2)), ECConv2D(4, 3, activation="relu"), ECConv2D(6, 3)]
    )
    layer = model.layers[1]
    kernel = np.array(ops.convert_to_numpy(layer.kernel))
    kernel[..., 2:] = 0
    layer.kernel.assign(kernel)
    layer.bias.assign([0.5, 0.1, -0.09, 0.11, 0.3, -0.2])
    keras_ec.harden(model)
    x = np.random.default_rng(0).random((50, 8, 8, 2), "float32")
    _, (_, _, ((values, _), _)) = operators(tflite_bytes(model))
    _, (_, _, ((integers, scales), _)) = operators(tflite_bytes(model, x))
    np.testing.assert_array_equal((integers * scales).astype("float32"), values)


def test_constant_channels_of_a_normalization():
    """Their scale of zero leaves zeros of both signs, which are no multiples."""
    model = keras.Sequential(
        [keras.Input((8, 8, 2)), ECConv2D(6, 3, use_bias=False), layers.BatchNormalization()]
    )
    model.layers[1].gamma.assign([1, 0.5, 1e-6, 1, 2, 1])
    keras_ec.harden(model)
    assert model.layers[1].gamma.numpy()[2] == 0
    x = np.random.default_rng(0).random((50, 8, 8, 2), "float32")
    ((_, _, ((values, _), _)),) = operators(tflite_bytes(model))
    ((_, _, ((integers, scales), _)),) = operators(tflite_bytes(model, x))
    assert not np.any(np.signbit(values) & (values == 0))
    np.testing.assert_array_equal((integers * scales).astype("float32"), values)


def test_biases_that_are_too_large_for_exact_scales_stay():
    model = keras.Sequential([keras.Input((4,)), ECDense(4, centers=[-1e-8, 0, 1e-8])])
    model.layers[0].kernel.assign(1e-8 * np.sign(np.arange(16).reshape(4, 4) - 8))
    model.layers[0].bias.assign([3, -2, 0.5, 1])
    x = np.random.default_rng(0).random((50, 4), "float32")
    expected = ops.convert_to_numpy(model(x))
    np.testing.assert_allclose(run(tflite_bytes(model, x), x), expected, atol=0.05)


@pytest.mark.parametrize("kind", ["used twice", "free centers"])
def test_other_kernels_are_the_converters(kind):
    """Each use of a layer has a bias of its own; free centers are no multiples."""
    center_type = "free" if kind == "free centers" else "uniform"
    dense, inputs = ECDense(6, centers=5, center_type=center_type), keras.Input((6,))
    model = keras.Model(inputs, layers.ReLU()(dense(inputs)))
    if kind == "used twice":
        model = keras.Model(inputs, dense(layers.ReLU()(dense(inputs))))
    else:
        dense.kernel_centers.levels.assign([-2.3, -1.1, 0, 0.9, 2.7])
    keras_ec.harden(model)
    x = np.random.default_rng(0).random((50, 6), "float32")
    content = rounded(model, x)
    assert with_exact_levels(content, tflite_bytes(model)) == content


def test_dense_kernels_have_one_scale_where_nothing_is_lost_by_it():
    def dense(*between):
        kinds = [ECDense(12, kernel_initializer="random_normal"), *between, ECDense(5)]
        model = keras.Sequential([keras.Input((7,)), *kinds])
        keras_ec.harden(model)
        return model

    x = np.random.default_rng(0).standard_normal((50, 7)).astype("float32")
    plain, normalized = dense(), dense(layers.BatchNormalization(beta_initializer="ones"))
    gammas = np.linspace(0.5, 2, 12)
    normalized.layers[1].gamma.assign(gammas)
    keras_ec.harden(normalized)
    free = keras.Sequential([keras.Input((7,)), layers.Dense(12)])
    for model, counts in ((plain, [1, 1]), (normalized, [12, 5]), (free, [12])):
        assert one_scale_is_exact(tflite_bytes(model)) == (counts == [1, 1])
        data = bytearray(tflite_bytes(model, x))
        found = weighted_operators(tflite.Model.GetRootAs(data, 0), data)
        assert [operator.kernel.scales.size for operator in found] == counts
    inputs, twice = keras.Input((7,)), ECDense(7)
    twice = keras.Model(inputs, twice(layers.ReLU()(twice(inputs))))
    keras_ec.harden(twice)
    assert not one_scale_is_exact(tflite_bytes(twice))
    exact = operators(tflite_bytes(plain))
    for (_, _, ((values, _), *_)), (_, _, ((integers, scales), *_)) in zip(
        exact, operators(tflite_bytes(plain, x)), strict=True
    ):
        np.testing.assert_array_equal((integers * scales).astype("float32"), values)
