"""The mechanism of EC layers, over all layers, center types and forwards."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import keras_ec
from keras_ec import assignment
from keras_ec.layers import EC_LAYERS, ECConv1D, ECConv2D, ECDense, ECDepthwiseConv2D
from keras_ec.regularizers import EntropyRegularizer
from keras_ec.rounding import round_mantissa
from keras_ec.structured_rate import geometric_bits, structured_bits
from keras_ec.traversal import ec_layers, quantized_weights

KINDS = {
    "dense": (ECDense, {"units": 4}, (6,)),
    "conv1d": (ECConv1D, {"filters": 4, "kernel_size": 3}, (7, 3)),
    "conv2d": (ECConv2D, {"filters": 4, "kernel_size": 3, "padding": "same"}, (6, 5, 3)),
    "depthwise": (ECDepthwiseConv2D, {"kernel_size": 3, "depth_multiplier": 2}, (6, 5, 3)),
}
FORWARDS = ("straight_through", "gaussian")
CENTER_TYPES = ("uniform", "free")


def array(tensor):
    return ops.convert_to_numpy(tensor)


def with_hard_kernel(layer):
    """The plain Keras layer with the hardened kernel and the bias of an EC layer."""
    (plain,) = (keras_class for keras_class, ec in EC_LAYERS.items() if ec is type(layer))
    own = layer.ec_arguments
    config = {key: value for key, value in layer.get_config().items() if key not in own}
    twin = plain.from_config(config)
    twin.build(layer._build_shapes_dict["input_shape"])
    twin.set_weights([layer.quantized_weights[0].hardened(), array(layer.bias)])
    return twin


def kernel_centers(layer):
    return layer.quantized_weights[0].centers


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


@pytest.fixture(params=CENTER_TYPES)
def center_type(request):
    return request.param


@pytest.fixture(params=FORWARDS)
def forward(request):
    return request.param


@pytest.fixture
def penalty():
    return EntropyRegularizer(0.5, 100)


def network(center_type="uniform", forward="straight_through", wrap=True, **arguments):
    """All four layers in one network of 8x8 pictures, with a shared and a wrapped layer."""
    arguments = {
        "centers": 5,
        "center_type": center_type,
        "forward": forward,
        "entropy_regularizer": EntropyRegularizer(0.3, 64),
        **arguments,
    }
    shared = ECDense(4, activation="tanh", **arguments)
    inputs = keras.Input((8, 8, 2))
    x = ECConv2D(4, 3, strides=2, activation="relu", **arguments)(inputs)
    x = ECDepthwiseConv2D(2, **arguments)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Reshape((4, 4))(x)
    x = ECConv1D(4, 2, padding="same", **arguments)(x)
    last = ECDense(4, activation="tanh", **arguments)
    x = layers.TimeDistributed(last)(x) if wrap else last(x)
    x = shared(x[:, 0]) + shared(x[:, 1])
    return keras.Model(inputs, ECDense(3, **arguments)(x))


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, 64)
    patterns = rng.standard_normal((3, 8, 8, 2))
    x = patterns[labels] + 0.5 * rng.standard_normal((64, 8, 8, 2))
    return x.astype("float32"), labels.astype("int32")


def compiled(model, **options):
    model.compile(
        optimizer=keras.optimizers.Adam(0.01),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        **{"jit_compile": False, **options},
    )
    return model


# One layer


def test_infers_as_the_plain_layer_with_hard_weights(kind, center_type, forward, rng):
    make, arguments, shape = kind
    layer = make(**arguments, activation="relu", center_type=center_type, forward=forward)
    x = rng.standard_normal((3, *shape)).astype("float32")
    outputs = array(layer(x))
    layer.bias.assign(rng.standard_normal(layer.bias.shape))
    np.testing.assert_allclose(layer(x), with_hard_kernel(layer)(x), rtol=1e-5, atol=1e-6)
    assert outputs.shape == layer.compute_output_shape((3, *shape))
    if forward == "straight_through":
        np.testing.assert_array_equal(array(layer(x, training=True)), array(layer(x)))


def test_gradients_reach_kernel_bias_centers_and_inputs(kind, center_type, forward, rng):
    make, arguments, shape = kind
    layer = make(**arguments, center_type=center_type, forward=forward, centers=5)
    x = tf.Variable(rng.standard_normal((3, *shape)).astype("float32"))
    layer.build(x.shape)
    with tf.GradientTape() as tape:
        loss = ops.sum(ops.square(layer(ops.reshape(x, x.shape), training=True)))
    variables = [v.value for v in layer.trainable_variables]
    assert len(variables) == 3
    for gradient in tape.gradient(loss, [x, *variables]):
        assert np.all(np.isfinite(gradient)) and np.any(gradient)


def test_straight_through_gradient_is_that_of_the_plain_layer(kind, center_type, rng):
    make, arguments, shape = kind
    layer = make(**arguments, center_type=center_type)
    x = rng.standard_normal((3, *shape)).astype("float32")
    layer.build(x.shape)
    twin = with_hard_kernel(layer)
    gradients = []
    for module in (layer, twin):
        with tf.GradientTape() as tape:
            loss = ops.sum(ops.square(module(x)))
        kernel = next(v for v in module.variables if v.name == "kernel")
        gradients.append(array(tape.gradient(loss, kernel.value)))
    np.testing.assert_allclose(*gradients, rtol=1e-4, atol=1e-4)


def test_gaussian_forward_has_the_moments_of_sampled_weights(kind, center_type, rng):
    """Outputs against weights drawn one by one from their soft assignments."""
    make, arguments, shape = kind
    layer = make(**arguments, center_type=center_type, forward="gaussian", centers=3)
    x = rng.standard_normal((1, *shape)).astype("float32")
    layer.build(x.shape)
    layer.bias.assign(rng.standard_normal(layer.bias.shape))
    (weight,) = layer.quantized_weights
    temperature, repeats = 0.5, 200
    weight.centers.temperature.assign(temperature)
    batch = np.repeat(x, repeats, axis=0)  # noise is drawn anew for every example
    sampled = array(layer(batch, training=True))[:, None]

    twin = with_hard_kernel(layer)
    values = array(weight.centers.values()).astype("float64")
    distance = (array(weight.variable)[..., None] - values) / (
        temperature * (values[1] - values[0])
    )
    soft = np.exp(-0.5 * distance**2)
    soft /= soft.sum(axis=-1, keepdims=True)
    uniform = rng.random((repeats, *soft.shape[:-1], 1))
    chosen = values[(uniform > np.cumsum(soft, axis=-1)).sum(axis=-1)]
    drawn = []
    for kernel in chosen:
        twin.set_weights([kernel, array(layer.bias)])
        drawn.append(array(twin(x)))
    drawn = np.stack(drawn)

    deviation = drawn.std(axis=0).mean()
    assert np.abs(sampled.mean(axis=0) - drawn.mean(axis=0)).mean() < 0.15 * deviation
    assert sampled.std(axis=0).mean() == pytest.approx(deviation, rel=0.1)


def test_gaussian_noise_differs_from_call_to_call_and_not_in_inference(rng):
    layer = ECDense(4, forward="gaussian", centers=3)
    x = rng.standard_normal((3, 6)).astype("float32")
    first, second = array(layer(x, training=True)), array(layer(x, training=True))
    assert np.any(first != second)
    np.testing.assert_array_equal(array(layer(x)), array(layer(x, training=False)))


def test_gaussian_applies_the_activation_after_the_noise(rng):
    layer = ECDense(50, forward="gaussian", centers=3, activation="relu")
    outputs = array(layer(rng.standard_normal((20, 6)).astype("float32"), training=True))
    assert np.all(outputs >= 0) and np.any(outputs == 0)
    assert layer.activation is keras.activations.relu


def test_config_round_trip(kind, center_type, forward, penalty, rng):
    make, arguments, shape = kind
    layer = make(
        **arguments,
        center_type=center_type,
        forward=forward,
        centers=[-0.5, 0.0, 0.5],
        entropy_regularizer=penalty,
        activation="tanh",
    )
    twin = make.from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    layer.build((None, *shape))
    twin.build((None, *shape))
    assert [v.shape for v in twin.variables] == [v.shape for v in layer.variables]
    np.testing.assert_allclose(kernel_centers(twin).values(), [-0.5, 0.0, 0.5], atol=1e-7)
    assert twin.entropy_regularizer.get_config() == penalty.get_config()


@pytest.mark.parametrize(
    "arguments",
    [
        {"centers": 1},
        {"center_type": "even"},
        {"forward": "sampled"},
        {"entropy_regularizer": "l2"},
        {"entropy_regularizer": keras.regularizers.L2(1e-3)},
    ],
)
def test_bad_arguments(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        ECDense(3, **arguments)


# Penalty


@pytest.mark.parametrize(
    ("rate_model", "rate"),
    [
        ("order_0", assignment.relaxed_bits_dense),
        ("structured", structured_bits),
        ("geometric", geometric_bits),
    ],
)
def test_penalty_is_the_relaxed_rate(kind, center_type, rate_model, rate):
    make, arguments, shape = kind
    penalty = EntropyRegularizer(0.5, 100, rate_model)
    layer = make(**arguments, center_type=center_type, entropy_regularizer=penalty)
    layer.build((None, *shape))
    (weight,) = layer.quantized_weights
    bits = rate(
        array(weight.variable), array(weight.centers.values()), array(weight.centers.temperature)
    )
    loss = layer.losses[0]
    assert float(loss) == pytest.approx(0.5 * float(bits) * np.log(2) / 100, rel=0.02)
    weight.centers.rate_scale.assign(0.25)
    assert float(layer.losses[0]) == pytest.approx(0.25 * float(loss), rel=1e-5)


def test_penalty_appears_once_a_kernel_and_bias(penalty):
    model = network(entropy_regularizer=penalty)
    kernels = quantized_weights(model)
    biases = [w for w in kernels if w.layer.use_bias]
    assert len(kernels) == 6
    assert len(model.losses) == len(kernels) + len(biases)
    model(np.zeros((2, 8, 8, 2), "float32"))
    model(np.zeros((2, 8, 8, 2), "float32"), training=True)
    assert len(model.losses) == len(kernels) + len(biases)


def test_penalty_of_a_bias_is_its_rate(penalty):
    layer = ECDense(4, entropy_regularizer=penalty, bias_regularizer=keras.regularizers.L2(0.1))
    layer.build((None, 6))
    layer.bias.assign([1.0, -0.5, 0.0, 0.25])
    _, loss = layer.losses
    gap = float(layer.kernel_centers.spacing())
    bits = 4 * np.log2(1 + 1.75 / 4 / gap)
    square = 0.1 * (1 + 0.25 + 0.0625)
    assert float(loss) == pytest.approx(0.5 * bits * np.log(2) / 100 + square, rel=1e-4)
    layer.kernel_centers.rate_scale.assign(0.0)
    assert float(layer.losses[1]) == pytest.approx(square, rel=1e-5)


def test_penalty_comes_on_top_of_a_kernel_regularizer(penalty):
    layer = ECDense(4, entropy_regularizer=penalty, kernel_regularizer=keras.regularizers.L2(0.1))
    layer.build((None, 6))
    loss = layer.losses[0]
    (weight,) = layer.quantized_weights
    square = 0.1 * np.sum(array(layer.kernel) ** 2)
    expected = 0.5 * float(weight.relaxed_bits()) * np.log(2) / 100 + square
    assert float(loss) == pytest.approx(expected, rel=1e-4)


def test_no_penalty_without_a_regularizer():
    layer = ECDense(4)
    layer.build((None, 6))
    assert layer.losses == []


def test_a_custom_training_loop_learns_and_lowers_the_rate(pictures):
    x, y = pictures
    model = network(entropy_regularizer=EntropyRegularizer(1.0, 64), wrap=False)
    optimizer = keras.optimizers.Adam(0.01)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss, rate = loss_fn(y, model(x, training=True)), sum(model.losses)
            total = loss + rate
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(total, variables), variables, strict=True))
        return loss, rate

    first = [float(value) for value in step()]
    for _ in range(40):
        last = [float(value) for value in step()]
    assert last[0] < 0.7 * first[0]
    assert last[1] < 0.9 * first[1]


# Models


def test_fit_agrees_between_execution_modes(center_type, pictures):
    """Graph, XLA and eager steps from the same start reach the same weights."""
    x, y = pictures[0][:32], pictures[1][:32]
    start = network(center_type, wrap=False).get_weights()
    results = []
    for options in ({}, {"jit_compile": True}, {"run_eagerly": True}):
        model = compiled(network(center_type, wrap=False), **options)
        model.set_weights(start)
        model.fit(x, y, verbose=0, shuffle=False)
        results.append(model)
    graph, xla, eager = (np.concatenate([w.ravel() for w in m.get_weights()]) for m in results)
    moved = np.abs(graph - np.concatenate([w.ravel() for w in start])).max()
    assert moved > 0.005  # one step of Adam at 0.01
    np.testing.assert_allclose(xla, graph, atol=0.1 * moved)
    np.testing.assert_allclose(eager, graph, atol=0.1 * moved)


@pytest.mark.parametrize("options", [{}, {"jit_compile": True}, {"run_eagerly": True}])
def test_gaussian_fit_lowers_the_loss(options, center_type, blobs, make_blob_model):
    x, y = blobs
    model = make_blob_model(forward="gaussian", center_type=center_type, **options)
    history = model.fit(x, y, batch_size=64, epochs=4, verbose=0).history["loss"]
    assert np.all(np.isfinite(history)) and history[-1] < history[0]


def test_saved_models_load_in_a_fresh_process(pictures, tmp_path):
    """Before and after hardening, and in this process too."""
    x, y = pictures[0][:8], pictures[1][:8]
    expected = {}
    for center_type in CENTER_TYPES:
        for forward in FORWARDS:
            model = compiled(network(center_type, forward), run_eagerly=True)
            model.fit(x, y, verbose=0)
            for state in ("soft", "hard"):
                name = f"{center_type}-{forward}-{state}"
                if state == "hard":
                    keras_ec.harden(model)
                model.save(tmp_path / f"{name}.keras")
                expected[name] = array(model(x))
                loaded = keras.models.load_model(tmp_path / f"{name}.keras")
                np.testing.assert_array_equal(array(loaded(x)), expected[name])
                for old, new in zip(model.weights, loaded.weights, strict=True):
                    np.testing.assert_array_equal(array(old), array(new))
                assert len(loaded.losses) == len(model.losses) == 12
    np.savez(tmp_path / "expected.npz", x=x, **expected)
    script = (
        "import sys, pathlib, numpy as np\n"
        "import keras, keras_ec\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "stored = np.load(folder / 'expected.npz')\n"
        "for path in sorted(folder.glob('*.keras')):\n"
        "    model = keras.models.load_model(path)\n"
        "    outputs = keras.ops.convert_to_numpy(model(stored['x']))\n"
        "    np.testing.assert_array_equal(outputs, stored[path.stem])\n"
        "    print('same', path.stem)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=200
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("same") == len(expected) == 8


def test_weights_file_round_trip(center_type, pictures, tmp_path):
    x = pictures[0][:8]
    model, other = network(center_type), network(center_type)
    for weight in quantized_weights(model):
        weight.centers.temperature.assign(0.7)
        weight.centers.reset(0.5 * weight.value())
    assert np.any(array(model(x)) != array(other(x)))
    model.save_weights(tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(array(model(x)), array(other(x)))
    for weight in quantized_weights(other):
        assert float(array(weight.centers.temperature)) == pytest.approx(0.7)


class Subclassed(keras.Model):
    def __init__(self, **arguments):
        super().__init__()
        self.blocks = [ECDense(16, activation="relu", **arguments)]
        self.inner = keras.Sequential([ECDense(8, activation="relu", **arguments)])
        self.heads = {"out": ECDense(3, **arguments)}

    def call(self, inputs, training=None):
        x = inputs
        for block in self.blocks:
            x = block(x, training=training)
        return self.heads["out"](self.inner(x, training=training))


def test_a_subclassed_model_is_built_within_fit(center_type, forward, blobs):
    """Centers created then span the kernels' true initial values."""
    x, y = blobs
    model = Subclassed(
        center_type=center_type, forward=forward, entropy_regularizer=EntropyRegularizer(0.1, 192)
    )
    compiled(model)
    model.optimizer.learning_rate = 0.0
    model.fit(x, y, verbose=0)
    for weight in quantized_weights(model):
        values = array(weight.centers.values())
        assert values[-1] == pytest.approx(np.abs(array(weight.variable)).max(), rel=1e-5)
    model.optimizer.learning_rate = 0.01
    history = model.fit(x, y, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0] and len(model.losses) == 6


def test_nested_and_sequential_models(blobs):
    x, y = blobs
    inner = keras.Sequential([keras.Input((8,)), ECDense(8, activation="relu")])
    inputs = keras.Input((8,))
    outer = keras.Model(inputs, ECDense(3)(inner(inner(inputs))))
    assert len(ec_layers(outer)) == 2
    history = compiled(outer).fit(x, y, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_time_distributed(center_type, forward, rng):
    layer = ECDense(4, center_type=center_type, forward=forward, activation="relu")
    wrapper = layers.TimeDistributed(layer)
    x = rng.standard_normal((2, 5, 6)).astype("float32")
    outputs = array(wrapper(x))
    for step in range(5):
        np.testing.assert_allclose(outputs[:, step], array(layer(x[:, step])), atol=1e-6)
    with tf.GradientTape() as tape:
        loss = ops.sum(ops.square(wrapper(x, training=True)))
    for gradient in tape.gradient(loss, [v.value for v in wrapper.trainable_variables]):
        assert np.all(np.isfinite(gradient)) and np.any(gradient)


def test_stateless_call_uses_the_given_variables(kind, rng):
    make, arguments, shape = kind
    layer = make(**arguments)
    x = rng.standard_normal((2, *shape)).astype("float32")
    layer.build(x.shape)
    trainable = [array(v) for v in layer.trainable_variables]
    others = [array(v) for v in layer.non_trainable_variables]
    position = [v.name for v in layer.trainable_variables].index("bias")
    trainable[position] = trainable[position] + 1.0
    outputs, _ = layer.stateless_call(trainable, others, x)
    np.testing.assert_allclose(outputs, array(layer(x)) + 1.0, rtol=1e-5, atol=1e-5)


# Precision


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(policy, kind, center_type, forward, rng):
    """Computes in the compute dtype; decides the assignment in float32."""
    make, arguments, shape = kind
    layer = make(**arguments, center_type=center_type, forward=forward, dtype=policy)
    x = rng.standard_normal((3, *shape)).astype("float32")
    outputs = layer(x)
    compute = policy.removeprefix("mixed_")
    assert keras.backend.standardize_dtype(outputs.dtype) == compute
    assert keras.backend.standardize_dtype(layer(x, training=True).dtype) == compute
    (weight,) = layer.quantized_weights
    assert weight.variable.dtype == "float32"

    # Just above a threshold, by less than the compute dtype resolves.
    values = array(weight.centers.values())
    above = np.nextafter((values[-1] + values[-2]) / 2, np.float32(np.inf)) * np.float32(1 + 1e-5)
    weight.variable.assign(np.full(weight.variable.shape, above))
    hard = weight.hardened()
    np.testing.assert_array_equal(hard, np.full(hard.shape, values[-1]))
    weight.variable.assign(np.full(weight.variable.shape, above * (1 - 4e-5)))
    np.testing.assert_array_equal(weight.hardened(), np.full(hard.shape, values[-2]))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_training(policy, forward, blobs, make_blob_model):
    x, y = blobs
    keras.config.set_dtype_policy(policy)
    model = make_blob_model(forward=forward)
    history = model.fit(x, y, epochs=5, verbose=0).history["loss"]
    assert np.all(np.isfinite(history)) and history[-1] < history[0]


def test_double_precision_training(blobs):
    x, y = blobs
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        single = layers.Dense(8, dtype="float32", kernel_regularizer="l2")
        base = keras.Sequential([keras.Input((8,)), layers.Dense(8), single, layers.Dense(3)])
        model = keras_ec.convert(base, 0.2, 192, centers=5)
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        callback = keras_ec.callbacks.HardenAssignments(fine_tune_epochs=1)
        model.fit(x, y, epochs=2, callbacks=[callback], verbose=0)
        assert {v.dtype for v in model.layers[0].weights[:2]} == {"float64"}
        outputs = array(model(x.astype("float64")))
        np.testing.assert_array_equal(array(keras_ec.strip(model)(x.astype("float64"))), outputs)
        assert len(np.unique(array(model.layers[0].kernel))) <= 5
    finally:
        keras.config.set_floatx("float32")


@pytest.mark.parametrize("policy", ["float64", "bfloat16", "float16"])
def test_layers_compute_under_any_policy(policy, rng):
    layer = ECDense(4, dtype=policy)
    outputs = layer(rng.standard_normal((3, 6)))
    (weight,) = layer.quantized_weights
    assert keras.backend.standardize_dtype(weight.hard_values().dtype) == "float32"
    assert keras.backend.standardize_dtype(outputs.dtype) == policy


# State


def test_harden_moves_every_weight_to_its_center(kind, center_type):
    make, arguments, shape = kind
    layer = make(**arguments, center_type=center_type, centers=5)
    layer.build((None, *shape))
    (weight,) = layer.quantized_weights
    indices = array(weight.indices())
    layer.harden()
    kernel = array(weight.variable)
    np.testing.assert_array_equal(kernel, weight.hardened())
    np.testing.assert_array_equal(array(weight.indices()), indices)
    assert len(np.unique(kernel)) <= 5
    assert not np.any(np.signbit(kernel) & (kernel == 0))
    trained = array(weight.centers.trainable_variables[0])
    np.testing.assert_array_equal(round_mantissa(trained), trained)
    layer.harden()
    np.testing.assert_array_equal(array(weight.variable), kernel)


def test_freezing_stops_the_kernel_and_thawing_starts_it(kind, center_type):
    make, arguments, shape = kind
    layer = make(**arguments, center_type=center_type)
    layer.build((None, *shape))
    (weight,) = layer.quantized_weights
    layer.freeze_assignments()
    assert len(layer.trainable_variables) == 2  # bias and centers
    layer.unfreeze_assignments()
    assert len(layer.trainable_variables) == 3
    np.testing.assert_array_equal(array(weight.variable), weight.hardened())


def test_lora_is_refused():
    layer = ECDense(3)
    layer.build((None, 6))
    with pytest.raises(ValueError, match=r"'ec_dense.*' \(ECDense\) takes no LoRA"):
        layer.enable_lora(2)


def test_thawing_leaves_a_layer_that_is_not_trainable_alone():
    layer = ECDense(4)
    layer.build((None, 6))
    layer.trainable = False
    layer.freeze_assignments()
    layer.unfreeze_assignments()
    assert layer.trainable_variables == []
    layer.trainable = True
    assert len(layer.trainable_variables) == 3


def test_a_new_layer_takes_a_few_lines(blobs):
    from keras_ec.layers import ECLayer

    class ECEinsum(ECLayer, keras.layers.EinsumDense):
        pass

    x, y = blobs
    model = keras.Sequential(
        [
            keras.Input((8,)),
            ECEinsum("ab,bc->ac", output_shape=3, bias_axes="c", forward="gaussian", centers=7),
        ]
    )
    history = compiled(model).fit(x, y, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]
    keras_ec.harden(model)
    assert len(np.unique(array(model.layers[0].kernel))) <= 7


def test_gaussian_forward_is_the_hard_one_while_frozen(rng):
    layer = ECDense(3, forward="gaussian", centers=5)
    x = rng.standard_normal((6, 4)).astype("float32")
    layer(x)
    layer.freeze_assignments()
    layer.kernel_centers.multiplier.assign(1.3 * layer.kernel_centers.multiplier)
    np.testing.assert_allclose(array(layer(x, training=True)), array(layer(x)), atol=5e-3)


def shrunken_layer(center_type, forward="straight_through"):
    """A layer whose centers have been larger in training than they are."""
    layer = ECDense(6, centers=7, center_type=center_type, forward=forward)
    layer.build((None, 8))
    (weight,) = layer.quantized_weights
    (trained,) = weight.centers.trainable_variables
    start = array(trained)
    trained.assign(1.7 * start)
    layer(np.ones((1, 8), "float32"), training=True)
    trained.assign(0.7 * start)
    return layer, weight


def test_training_steps_take_note_of_the_largest_gap(center_type, forward):
    layer, weight = shrunken_layer(center_type, forward)
    (trained,) = weight.centers.trainable_variables
    before = array(weight.indices())
    largest = array(weight.centers.values()) / 0.7 * 1.7
    np.testing.assert_array_equal(before, array(assignment.nearest(weight.value(), largest)))
    trained.assign(0.5 * array(trained))
    np.testing.assert_array_equal(array(weight.indices()), before)
    trained.assign(8.0 * array(trained))
    grown = array(weight.indices())
    assert np.any(grown != before)
    layer(np.ones((1, 8), "float32"), training=False)
    trained.assign(array(trained) / 8.0)
    np.testing.assert_array_equal(array(weight.indices()), before)


def test_hardening_keeps_assignments_of_a_larger_gap(center_type):
    layer, weight = shrunken_layer(center_type)
    indices, values = array(weight.indices()), array(weight.hard_values())
    assert np.any(indices != array(assignment.nearest(weight.value(), weight.centers.values())))
    layer.harden()
    hardened = array(layer.kernel)
    np.testing.assert_allclose(hardened, values, rtol=2.0**-8)
    np.testing.assert_array_equal(array(weight.indices()), indices)
    np.testing.assert_array_equal(array(weight.hard_values()), hardened)
    layer.harden()
    np.testing.assert_array_equal(array(layer.kernel), hardened)


def test_freezing_and_thawing_keep_assignments_of_a_larger_gap(center_type):
    layer, weight = shrunken_layer(center_type)
    indices = array(weight.indices())
    layer.freeze_assignments()
    np.testing.assert_array_equal(array(weight.indices()), indices)
    (trained,) = weight.centers.trainable_variables
    trained.assign(0.9 * array(trained))
    layer.unfreeze_assignments()
    np.testing.assert_array_equal(array(weight.indices()), indices)
    np.testing.assert_array_equal(array(layer.kernel), array(weight.hard_values()))


def test_gaussian_moments_are_those_of_the_assignments(center_type):
    _, weight = shrunken_layer(center_type, "gaussian")
    weight.centers.temperature.assign(0.05)
    indices = array(weight.indices())
    at_centers = array(weight.centers.assigning_values())[indices]
    mean, variance = weight.centers.moments(at_centers)
    np.testing.assert_allclose(array(mean), array(weight.centers.values())[indices], atol=1e-3)
    np.testing.assert_allclose(array(variance), 0.0, atol=1e-4)


def test_gradient_of_gaussian_moments_by_the_scale_of_shrunken_centers(center_type):
    """Below the largest gap the scale of the centers is that of the moments."""
    _, weight = shrunken_layer(center_type, "gaussian")
    (trained,) = weight.centers.trainable_variables
    start = array(trained)
    with tf.GradientTape() as tape:
        mean, variance = weight.centers.moments(weight.value())
        total = ops.sum(ops.square(mean)) + ops.sum(variance)
    slope = np.sum(array(tape.gradient(total, trained.value)) * start)
    assert slope == pytest.approx(2 * float(total), rel=1e-3)


def test_a_saved_layer_keeps_the_largest_gap(center_type, tmp_path):
    model = keras.Sequential([keras.Input((8,)), ECDense(6, centers=7, center_type=center_type)])
    (weight,) = quantized_weights(model)
    (trained,) = weight.centers.trainable_variables
    trained.assign(1.7 * array(trained))
    model(np.ones((1, 8), "float32"), training=True)
    trained.assign(0.4 * array(trained))
    model.save(tmp_path / "model.keras")
    (loaded,) = quantized_weights(keras.models.load_model(tmp_path / "model.keras"))
    np.testing.assert_array_equal(array(loaded.indices()), array(weight.indices()))
    np.testing.assert_array_equal(array(loaded.hard_values()), array(weight.hard_values()))
