import os
import sys

import keras
import numpy as np
import pytest
import tflite
from ai_edge_litert.interpreter import Interpreter
from keras import layers, ops

import keras_ec
from keras_ec import convert, export_tflite, harden, strip
from keras_ec.deploy.export import deployable, hardened_tflite, tflite_bytes
from keras_ec.layers import ECConv1D, ECConv2D, ECDense, ECDepthwiseConv2D
from keras_ec.traversal import quantized_weights

sys.path.insert(0, os.path.dirname(__file__))

from litert_runner import run


def array(tensor):
    return ops.convert_to_numpy(tensor)


def constants(content):
    """Float32 constants of the operators of a .tflite file: (operator code, array)."""
    model = tflite.Model.GetRootAs(content)
    graph = model.Subgraphs(0)
    found = []
    for i in range(graph.OperatorsLength()):
        operator = graph.Operators(i)
        code = model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode()
        for j in range(operator.InputsLength()):
            if operator.Inputs(j) < 0:  # an input left out
                continue
            tensor = graph.Tensors(operator.Inputs(j))
            data = model.Buffers(tensor.Buffer()).DataAsNumpy()
            if (
                tensor.Type() == tflite.TensorType.FLOAT32
                and not isinstance(data, int)
                and len(data)
            ):
                found.append((code, data.view("float32").reshape(tensor.ShapeAsNumpy())))
    return found


def kernels(content, code):
    return [value for found, value in constants(content) if found == code and value.ndim > 1]


def trained(model, rng):
    """Statistics, scales, offsets and biases as they are after training."""
    for layer in model.layers:
        for variable in layer.weights:
            if variable.name in ("gamma", "moving_variance"):
                variable.assign(rng.lognormal(sigma=0.5, size=variable.shape))
            elif variable.name in ("beta", "moving_mean", "bias"):
                variable.assign(0.3 * rng.standard_normal(variable.shape))
    return model


CHAINS = {
    "dense": ((10,), [lambda: ECDense(8, activation="relu", centers=5), lambda: ECDense(3)]),
    "dense-on-sequences": (
        (7, 4),
        [
            lambda: ECDense(8, activation="relu", centers=5),
            lambda: layers.Dense(6),
            lambda: ECDense(3),
        ],
    ),
    "dense-on-pictures": ((5, 4, 3), [lambda: ECDense(6, use_bias=False, activation="tanh")]),
    "dense-on-sequences-bn": ((7, 4), [lambda: ECDense(6), layers.BatchNormalization]),
    "conv1d": ((12, 4), [lambda: ECConv1D(6, 3, activation="relu"), layers.Flatten]),
    "conv2d": ((8, 8, 3), [lambda: ECConv2D(6, 3, padding="same", strides=2), layers.ReLU]),
    "depthwise": ((8, 8, 3), [lambda: ECDepthwiseConv2D(3, depth_multiplier=2), layers.ReLU]),
    "dense-bn": ((10,), [lambda: ECDense(8, use_bias=False), layers.BatchNormalization]),
    "conv1d-bn": ((12, 4), [lambda: ECConv1D(6, 3), layers.BatchNormalization, layers.ReLU]),
    "conv2d-bn": (
        (8, 8, 3),
        [lambda: ECConv2D(6, 3, use_bias=False), layers.BatchNormalization, layers.ReLU],
    ),
    "depthwise-bn": (
        (8, 8, 3),
        [lambda: ECDepthwiseConv2D(3, use_bias=False), layers.BatchNormalization, layers.ReLU],
    ),
    "bn-conv2d": ((8, 8, 3), [layers.BatchNormalization, lambda: ECConv2D(6, 3, padding="same")]),
    "bn-relu-conv2d": ((8, 8, 3), [layers.BatchNormalization, layers.ReLU, lambda: ECConv2D(6, 3)]),
    "conv2d-relu-bn": (
        (8, 8, 3),
        [lambda: ECConv2D(6, 3, activation="relu"), layers.BatchNormalization],
    ),
    "bn-without-scale-or-offset": (
        (8, 8, 3),
        [
            lambda: ECConv2D(6, 3),
            lambda: layers.BatchNormalization(scale=False, center=False),
        ],
    ),
}


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("build", ["sequential", "functional"])
def test_litert_infers_like_keras(chain, build, rng):
    shape, makers = CHAINS[chain]
    parts = [make() for make in makers]
    if build == "sequential":
        model = keras.Sequential([keras.Input(shape), *parts])
    else:
        inputs = outputs = keras.Input(shape)
        for part in parts:
            outputs = part(outputs)
        model = keras.Model(inputs, outputs)
    trained(model, rng)
    x = rng.standard_normal((5, *shape)).astype("float32")
    for hardened in (False, True):
        if hardened:
            harden(model)
        expected = array(model(x))
        np.testing.assert_allclose(run(hardened_tflite(model), x), expected, rtol=1e-5, atol=1e-5)


def operators(content):
    """Codes of the operators of a .tflite file, in order."""
    model = tflite.Model.GetRootAs(content)
    graph = model.Subgraphs(0)
    indices = (graph.Operators(i).OpcodeIndex() for i in range(graph.OperatorsLength()))
    return [model.OperatorCodes(i).BuiltinCode() for i in indices]


@pytest.mark.parametrize("shape", [(4,), (7, 4), (5, 7, 4), (None, 4)])
def test_dense_is_one_operator(shape, rng):
    """On inputs of any rank, bias and activation within; sequences of any length too."""
    inputs = keras.Input(shape)
    hidden = ECDense(8, activation="relu", centers=5)(inputs)
    model = trained(keras.Model(inputs, layers.Dense(3)(hidden)), rng)
    content = tflite_bytes(model)
    assert operators(content) == 2 * [tflite.BuiltinOperator.FULLY_CONNECTED]
    x = rng.standard_normal((5, *(6 if n is None else n for n in shape))).astype("float32")
    np.testing.assert_allclose(run(content, x), array(model(x)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "reshape",
    [
        layers.Flatten(),
        layers.Reshape((4, 21)),
        layers.Reshape((-1, 6)),
        layers.Reshape((7, 1, 3, 4)),
    ],
)
def test_reshaping_is_one_operator(reshape, rng):
    model = keras.Sequential([keras.Input((7, 4, 3)), reshape])
    content = tflite_bytes(model)
    assert operators(content) == [tflite.BuiltinOperator.RESHAPE]
    x = rng.standard_normal((5, 7, 4, 3)).astype("float32")
    np.testing.assert_array_equal(run(content, x), array(model(x)))


def test_operations_named_like_layers_stay(rng):
    inputs = keras.Input((8,))
    hidden = ops.reshape(layers.Dense(6)(inputs), (-1, 2, 3))
    model = convert(keras.Model(inputs, layers.Dense(2)(hidden[:, 0])), 0.1, 32)
    x = rng.standard_normal((5, 8)).astype("float32")
    np.testing.assert_allclose(run(hardened_tflite(model), x), array(strip(model)(x)), atol=1e-5)


@pytest.mark.parametrize(
    "reshape", [layers.Flatten(), layers.Reshape((-1, 2)), layers.Reshape((3, -1))]
)
def test_reshaping_of_unknown_lengths(reshape, rng):
    model = keras.Sequential([keras.Input((None, 4)), reshape])
    x = rng.standard_normal((5, 6, 4)).astype("float32")
    np.testing.assert_array_equal(run(tflite_bytes(model), x), array(model(x)))


def test_channels_first_flatten_moves_the_channels(rng):
    model = keras.Sequential([keras.Input((3, 4, 5)), layers.Flatten("channels_first")])
    x = rng.standard_normal((2, 3, 4, 5)).astype("float32")
    np.testing.assert_array_equal(run(tflite_bytes(model), x), array(model(x)))


def test_other_classes_named_dense_stay(rng):
    @keras.saving.register_keras_serializable("test_export")
    class Dense(layers.Dense):
        def call(self, inputs):
            return -super().call(inputs)

    model = keras.Sequential([keras.Input((7, 4)), Dense(5), ECDense(3)])
    x = rng.standard_normal((2, 7, 4)).astype("float32")
    np.testing.assert_allclose(run(tflite_bytes(model), x), array(model(x)), rtol=1e-5, atol=1e-5)


@pytest.fixture
def residual(rng):
    """Normalization after an addition, within a nested model, around a depthwise kernel."""
    block = keras.Sequential(
        [
            keras.Input((8, 8, 6)),
            ECDepthwiseConv2D(3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            ECConv2D(6, 1, use_bias=False),
        ]
    )
    inputs = keras.Input((8, 8, 3))
    x = layers.BatchNormalization()(ECConv2D(6, 3, padding="same", use_bias=False)(inputs))
    x = layers.ReLU()(x)
    x = layers.BatchNormalization()(x + block(x))
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(x))
    model = keras.Model(inputs, ECDense(3, centers=5)(x))
    trained(block, rng)
    return trained(model, rng)


def test_a_residual_network(residual, rng):
    harden(residual)
    x = rng.standard_normal((5, 8, 8, 3)).astype("float32")
    content = hardened_tflite(residual)
    np.testing.assert_allclose(run(content, x), array(residual(x)), rtol=1e-5, atol=1e-5)
    copy = deployable(residual)
    np.testing.assert_allclose(array(copy(x)), array(residual(x)), rtol=1e-5, atol=1e-5)


def test_export_changes_nothing(residual):
    before = residual.get_weights()
    hardened_tflite(residual)
    for old, new in zip(before, residual.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    "make, code, axis",
    [
        (lambda: ECConv2D(12, 3, use_bias=False, centers=5), tflite.BuiltinOperator.CONV_2D, 0),
        (
            lambda: ECDepthwiseConv2D(3, use_bias=False, centers=5),
            tflite.BuiltinOperator.DEPTHWISE_CONV_2D,
            3,
        ),
        (lambda: ECDense(12, use_bias=False, centers=5), tflite.BuiltinOperator.FULLY_CONNECTED, 0),
    ],
)
def test_folded_kernels_are_levels_times_channel_scales(make, code, axis, rng):
    """Exactly, in float32: the products of few levels and one scale a channel."""
    shape = (10,) if code == tflite.BuiltinOperator.FULLY_CONNECTED else (8, 8, 6)
    model = keras.Sequential(
        [keras.Input(shape), make(), layers.BatchNormalization(), layers.ReLU()]
    )
    trained(model, rng)
    harden(model)
    (weight,) = quantized_weights(model)
    spacing = float(array(weight.centers.spacing()))
    levels = np.unique(np.round(weight.hardened() / spacing))
    (kernel,) = kernels(hardened_tflite(model), code)
    scale, _ = keras_ec.hardening.folded_normalization(model.layers[1])
    scale = keras_ec.rounding.round_scales(scale)
    assert np.any(kernel)
    shape = [1] * kernel.ndim
    shape[axis] = -1
    ratio = kernel / (scale.reshape(shape) * np.float32(spacing))
    np.testing.assert_array_equal(ratio, np.round(ratio))
    assert set(np.unique(ratio)) <= set(levels) and len(levels) <= 5


def test_kernels_without_normalization_keep_their_values(rng):
    model = keras.Sequential([keras.Input((8, 8, 6)), ECConv2D(12, 3, centers=5)])
    (kernel,) = kernels(hardened_tflite(model), tflite.BuiltinOperator.CONV_2D)
    (weight,) = quantized_weights(model)
    np.testing.assert_array_equal(kernel.transpose(1, 2, 3, 0), weight.hardened())
    assert not np.any(np.signbit(kernel) & (kernel == 0))


def test_mixed_precision_models(rng):
    keras.config.set_dtype_policy("mixed_float16")
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            ECConv2D(6, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            ECDense(3),
        ]
    )
    trained(model, rng)
    harden(model)
    x = rng.standard_normal((5, 8, 8, 3)).astype("float32")
    outputs = run(hardened_tflite(model), x).astype("float32")
    np.testing.assert_allclose(outputs, array(model(x)).astype("float32"), rtol=0.02, atol=0.02)


def test_other_subclasses_of_normalization_stay(rng):
    class OwnNormalization(layers.BatchNormalization):
        pass

    model = keras.Sequential([keras.Input((10,)), ECDense(4), OwnNormalization()])
    trained(model, rng)
    harden(model)
    x = rng.standard_normal((5, 10)).astype("float32")
    np.testing.assert_allclose(
        run(hardened_tflite(model), x), array(model(x)), rtol=1e-4, atol=1e-4
    )


def test_time_distributed_and_shared_layers(rng):
    base = keras.Sequential(
        [
            keras.Input((5, 8)),
            layers.TimeDistributed(layers.Dense(6, activation="relu")),
            layers.TimeDistributed(layers.BatchNormalization()),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    model = convert(base, 0.2, 100)
    harden(model)
    x = rng.standard_normal((1, 5, 8)).astype("float32")
    np.testing.assert_allclose(
        run(hardened_tflite(model), x), array(model(x)), rtol=1e-5, atol=1e-5
    )


def test_statistics_of_the_inputs_are_exported(rng):
    x = 5 * rng.standard_normal((16, 6)).astype("float32") + 3
    normalization = layers.Normalization()
    normalization.adapt(x)
    model = keras.Sequential([keras.Input((6,)), normalization, ECDense(3)])
    harden(model)
    np.testing.assert_allclose(run(hardened_tflite(model), x), array(model(x)), atol=1e-5)


def test_plain_models_and_stripped_models_export_the_same(rng):
    model = keras.Sequential([keras.Input((10,)), ECDense(8, activation="relu"), ECDense(3)])
    harden(model)
    x = rng.standard_normal((5, 10)).astype("float32")
    np.testing.assert_array_equal(
        run(tflite_bytes(strip(model)), x), run(hardened_tflite(model), x)
    )


def test_export_writes_the_file(tmp_path, rng):
    model = keras.Sequential([keras.Input((10,)), ECDense(3)])
    path = tmp_path / "model.tflite"
    path.write_bytes(b"old")
    export_tflite(model, path)
    export_tflite(model, str(path))
    x = rng.standard_normal((2, 10)).astype("float32")
    np.testing.assert_allclose(run(path.read_bytes(), x), array(model(x)), rtol=1e-5, atol=1e-5)
    assert os.listdir(tmp_path) == ["model.tflite"]


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = ECDense(3)

    def call(self, inputs):
        return self.dense(inputs)


def recurrent(batch_size, **options):
    memory = layers.Bidirectional(layers.GRU(4, **options))
    return keras.Sequential([keras.Input((5, 3), batch_size=batch_size), memory, ECDense(2)])


@pytest.mark.parametrize("batch_size, options", [(1, {}), (None, {"unroll": True})])
def test_recurrent_layers(batch_size, options, rng):
    model = recurrent(batch_size, **options)
    x = rng.standard_normal((1, 5, 3)).astype("float32")
    np.testing.assert_allclose(run(hardened_tflite(model), x), array(model(x)), atol=1e-5)


def test_normalization_called_as_in_training_is_exported_as_predict_computes_it(rng):
    inputs = keras.Input((4,))
    normalized = layers.BatchNormalization()(ECDense(3)(inputs), training=True)
    model = trained(keras.Model(inputs, normalized), rng)
    harden(model)
    x = rng.standard_normal((5, 4)).astype("float32")
    np.testing.assert_allclose(
        run(hardened_tflite(model), x), model.predict(x, verbose=0), rtol=1e-4, atol=1e-4
    )


def subclassed():
    model = Subclassed()
    model(np.zeros((1, 4), "float32"))
    return model


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: keras.Sequential([keras.Input((4,)), layers.Dense(3)]), "no EC layer"),
        (lambda: keras.Sequential([ECDense(3)]), "no weights yet"),
        (subclassed, r"subclassed.*keras.Model\(inputs, model.call\(inputs\)\)"),
        (lambda: 3, "Keras model"),
        (lambda: recurrent(None), r"forward_gru.* batch_size=1"),
    ],
)
def test_bad_models_leave_no_file(make, message, tmp_path):
    (tmp_path / "kept.tflite").write_bytes(b"kept")
    model = make()
    for name in ("new.tflite", "kept.tflite"):
        with pytest.raises(ValueError, match=message):
            export_tflite(model, tmp_path / name)
    assert os.listdir(tmp_path) == ["kept.tflite"]
    assert (tmp_path / "kept.tflite").read_bytes() == b"kept"


def test_int8_network_of_several_inputs(tmp_path, rng):
    """Named so that TensorFlow orders them otherwise than the model."""
    numbers, picture = keras.Input((5,), name="z"), keras.Input((8, 8, 2), name="a")
    features = layers.Flatten()(ECConv2D(4, 3, activation="relu")(picture))
    merged = layers.Concatenate()([features, ECDense(6, activation="relu")(numbers)])
    model = keras.Model([numbers, picture], ECDense(3)(merged))
    harden(model)
    x = [rng.random((40, *shape)).astype("float32") for shape in ((5,), (8, 8, 2))]
    export_tflite(model, tmp_path / "int8.tflite", calibration=x)
    interpreter = Interpreter(str(tmp_path / "int8.tflite"))
    interpreter.allocate_tensors()
    details = interpreter.get_tensor_details()
    assert sum(d["dtype"] == np.int8 for d in details) > 6
    sources, (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert {d["dtype"] for d in (*sources, target)} == {np.float32}
    for source in sources:
        interpreter.set_tensor(source["index"], x[len(source["shape"]) == 4][:1])
    interpreter.invoke()
    expected = array(model([a[:1] for a in x]))
    np.testing.assert_allclose(interpreter.get_tensor(target["index"]), expected, atol=0.05)


def test_inputs_in_nested_dicts(rng):
    inputs = {"a": {"b": keras.Input((5,), name="z")}, "c": keras.Input((3,), name="y")}
    merged = layers.Concatenate()([inputs["a"]["b"], inputs["c"]])
    model = keras.Model(inputs, ECDense(4)(merged))
    interpreter = Interpreter(model_content=tflite_bytes(model))
    x, y = (rng.random((1, n)).astype("float32") for n in (5, 3))
    (outputs,) = interpreter.get_signature_runner()(z=x, y=y).values()
    np.testing.assert_allclose(outputs, array(model({"a": {"b": x}, "c": y})), atol=1e-6)


@pytest.mark.parametrize("int8", [False, True])
def test_inputs_in_a_dict(int8, tmp_path, rng):
    """With keys in another order than the names of the tensors."""
    inputs = {"a": keras.Input((5,), name="z"), "b": keras.Input((3,), name="y")}
    model = keras.Model(inputs, {"out": ECDense(4)(layers.Concatenate()([*inputs.values()]))})
    harden(model)
    x = {key: rng.random((40, one.shape[1])).astype("float32") for key, one in inputs.items()}
    export_tflite(model, tmp_path / "model.tflite", calibration=x if int8 else None)
    interpreter = Interpreter(str(tmp_path / "model.tflite"))
    run = interpreter.get_signature_runner()
    (outputs,) = run(z=x["a"][:1], y=x["b"][:1]).values()
    expected = array(model({key: a[:1] for key, a in x.items()})["out"])
    np.testing.assert_allclose(outputs, expected, atol=0.05 if int8 else 1e-6)


def test_recurrent_layers_in_int8_have_to_be_unrolled(rng):
    x = rng.standard_normal((20, 5, 3)).astype("float32")
    with pytest.raises(ValueError, match=r"forward_gru.* unroll=True"):
        hardened_tflite(recurrent(1), x)
    unrolled = recurrent(None, unroll=True)
    expected = array(unrolled(x[:1]))
    np.testing.assert_allclose(run(hardened_tflite(unrolled, x), x[:1]), expected, atol=0.1)


@pytest.mark.parametrize("far", [2e3, 1.7e9])
def test_inputs_of_different_ranges_are_exported_as_they_are_hardened(far, rng):
    """Times in seconds beside shares; the far one is as good as float32 lets it be."""
    mean, deviation = np.array([far, 40, 0.5]), np.array([3600, 12, 0.3])
    model = keras.Sequential(
        [keras.Input((3,)), layers.BatchNormalization(epsilon=1e-6), ECDense(2)]
    )
    model.layers[0].set_weights([np.ones(3), 0.5 * np.ones(3), mean, np.square(deviation)])
    harden(model)
    plain = deployable(model)
    x = (mean + deviation * rng.standard_normal((50, 3))).astype("float32")
    before, after = array(model.layers[0](x)), array(plain.layers[0](x))
    np.testing.assert_allclose(after[:, 1:], before[:, 1:], atol=1e-3)
    np.testing.assert_allclose(after[:, 0], before[:, 0], atol=1e-3 + far / 3600 * 2.0**-20)


def test_examples_that_do_not_fit_leave_no_file(tmp_path):
    model = keras.Sequential([keras.Input((4,)), ECDense(3)])
    with pytest.raises(ValueError, match="Expected examples for calibration"):
        export_tflite(model, tmp_path / "model.tflite", calibration=np.zeros((20, 5)))
    assert os.listdir(tmp_path) == []


def test_subclassed_models_are_exported_by_their_graph(rng):
    """As the error message says."""
    model, inputs = subclassed(), keras.Input((4,))
    x = rng.standard_normal((3, 4)).astype("float32")
    content = hardened_tflite(keras.Model(inputs, model.call(inputs)))
    np.testing.assert_allclose(run(content, x), array(model(x)), rtol=1e-5, atol=1e-5)


def test_a_missing_directory(tmp_path):
    model = keras.Sequential([keras.Input((4,)), ECDense(3)])
    with pytest.raises(OSError):
        export_tflite(model, tmp_path / "missing" / "model.tflite")
