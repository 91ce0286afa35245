import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, ops

import keras_ec
from keras_ec.dead_units import ELEMENTWISE
from keras_ec.layers import ECConv2D
from keras_ec.runtime import load

TOLERANCE = {"rtol": 1e-4, "atol": 1e-4}


@keras.saving.register_keras_serializable("tests")
def flipped(x):
    return ops.flip(x, -1)


def array(tensor):
    return ops.convert_to_numpy(tensor)


def randomized(model, seed=0):
    """Gives all weights of a model values that matter."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        if variable.dtype == "float32" and "centers" not in variable.path:
            low = 0.5 if "variance" in variable.path or "gamma" in variable.path else -1.0
            variable.assign(rng.uniform(low, 1.0, variable.shape))
    return model


def silence(layer, *units):
    """Sets all weights before some units to zero."""
    kernel = array(layer.kernel).copy()
    kernel[..., list(units)] = 0.0
    layer.kernel.assign(kernel)


def ignore(layer, *channels, of=None):
    """Sets all weights behind some channels to zero."""
    kernel = array(layer.kernel).copy()
    inputs = kernel.shape[-2]
    places = kernel.reshape(-1, of or inputs, kernel.shape[-1])
    places[:, list(channels)] = 0.0
    layer.kernel.assign(places.reshape(kernel.shape))


def assert_same_outputs(model, other, seed=1):
    rng = np.random.default_rng(seed)
    x = [rng.normal(size=(5, *tensor.shape[1:])).astype("float32") for tensor in model.inputs]
    for mine, theirs in zip(
        keras.tree.flatten(model(x if len(x) > 1 else x[0])),
        keras.tree.flatten(other(x if len(x) > 1 else x[0])),
        strict=True,
    ):
        np.testing.assert_allclose(array(mine), array(theirs), **TOLERANCE)


def sizes(model):
    return {
        layer.name: array(layer.kernel).shape[-1]
        for layer in model.layers
        if hasattr(layer, "kernel")
    }


def sequential(*stack, shape=(6,)):
    return randomized(keras.Sequential([keras.Input(shape), *stack]))


def test_units_that_nobody_reads():
    model = sequential(layers.Dense(5, activation="sigmoid", name="a"), layers.Dense(4, name="b"))
    ignore(model.layers[1], 1, 3)
    smaller = keras_ec.remove_dead_units(model)
    assert sizes(smaller) == {"a": 3, "b": 4}
    assert_same_outputs(model, smaller)
    np.testing.assert_array_equal(
        smaller.layers[0].kernel, array(model.layers[0].kernel)[:, [0, 2, 4]]
    )


@pytest.mark.parametrize("activation", [None, "relu", "sigmoid", "tanh", "gelu"])
def test_constants_go_into_the_next_biases(activation):
    model = sequential(layers.Dense(5, activation=activation, name="a"), layers.Dense(4, name="b"))
    silence(model.layers[0], 0, 4)
    smaller = keras_ec.remove_dead_units(model)
    assert sizes(smaller) == {"a": 3, "b": 4}
    assert np.any(array(smaller.layers[1].bias) != array(model.layers[1].bias))
    assert_same_outputs(model, smaller)


def test_all_activations_that_are_called_elementwise_are():
    values = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    for activation in ELEMENTWISE:
        together = array(activation(ops.convert_to_tensor(values)))
        alone = [array(activation(ops.convert_to_tensor(v.reshape(1)))) for v in values.ravel()]
        np.testing.assert_allclose(together.ravel(), np.concatenate(alone), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("activation", ["softmax", "log_softmax", flipped])
def test_units_that_see_one_another_stay(activation):
    model = sequential(layers.Dense(5, activation=activation), layers.Dense(4))
    silence(model.layers[0], 0)
    ignore(model.layers[1], 1)
    assert list(sizes(keras_ec.remove_dead_units(model)).values()) == [5, 4]
    model = sequential(layers.Dense(5), layers.Activation(activation), layers.Dense(4))
    ignore(model.layers[2], 1)
    assert list(sizes(keras_ec.remove_dead_units(model)).values()) == [5, 4]


def test_death_spreads_both_ways():
    model = sequential(
        *(layers.Dense(4, activation="relu", name=n) for n in "abc"), layers.Dense(2, name="d")
    )
    a, b, c, d = model.layers
    ignore(d, 0)  # so the unit of c is not read, and that of b that it alone reads
    kernel = array(c.kernel).copy()
    kernel[2] = [1.0, 0.0, 0.0, 0.0]
    c.kernel.assign(kernel)
    silence(a, 3)  # and one of b that reads the silent unit of a alone
    kernel = array(b.kernel).copy()
    kernel[:3, 1] = 0.0
    b.kernel.assign(kernel)
    smaller = keras_ec.remove_dead_units(model)
    assert sizes(smaller) == {"a": 3, "b": 2, "c": 3, "d": 2}
    assert_same_outputs(model, smaller)


def test_a_layer_keeps_a_unit():
    model = sequential(layers.Dense(4, name="a"), layers.Dense(3, name="b"))
    silence(model.layers[0], 0, 1, 2, 3)
    smaller = keras_ec.remove_dead_units(model)
    assert sizes(smaller) == {"a": 1, "b": 3}
    assert_same_outputs(model, smaller)


def convolutional(padding="valid", use_bias=True):
    return sequential(
        layers.Conv2D(6, 3, padding="same", use_bias=False, name="first"),
        layers.BatchNormalization(name="norm"),
        layers.ReLU(),
        layers.Dropout(0.5),
        layers.MaxPooling2D(2),
        layers.Conv2D(5, 3, padding=padding, use_bias=use_bias, activation="relu", name="second"),
        layers.AveragePooling2D(2, padding="same"),
        layers.Flatten(),
        layers.Dense(4, name="head"),
        shape=(12, 12, 2),
    )


def test_convolutions_normalization_and_flattening():
    model = convolutional()
    first, norm, second, head = (model.get_layer(n) for n in ("first", "norm", "second", "head"))
    ignore(second, 0)
    silence(first, 1)
    norm.gamma.assign(np.array([1, 1, 0, -1, 1, 1], "float32"))
    norm.beta.assign(np.array([1, 1, 1, 1, 1, 1], "float32"))
    ignore(head, 4, of=5)
    silence(second, 3)
    smaller = keras_ec.remove_dead_units(model)
    assert sizes(smaller) == {"first": 3, "second": 3, "head": 4}
    assert smaller.get_layer("norm").gamma.shape == (3,)
    assert_same_outputs(model, smaller)


def test_constants_before_a_border_or_without_a_bias_stay():
    for options in ({"padding": "same"}, {"use_bias": False}):
        model = convolutional(**options)
        silence(model.get_layer("first"), 1, 2)
        model.get_layer("norm").beta.assign(np.full(6, 2.0, "float32"))
        negative = array(model.get_layer("norm").beta).copy()
        negative[2] = -9.0  # behind relu it is zero, which needs neither
        model.get_layer("norm").beta.assign(negative)
        smaller = keras_ec.remove_dead_units(model)
        assert sizes(smaller)["first"] == 5
        assert_same_outputs(model, smaller)


def test_zero_padding_is_a_border_too():
    model = sequential(
        layers.Conv1D(4, 3, name="a"),
        layers.ZeroPadding1D(1),
        layers.Conv1D(3, 3, name="b"),
        shape=(8, 2),
    )
    silence(model.layers[0], 0, 1)
    bias = array(model.layers[0].bias).copy()
    bias[1] = 0.0
    model.layers[0].bias.assign(bias)
    smaller = keras_ec.remove_dead_units(model)
    assert sizes(smaller) == {"a": 3, "b": 3}
    assert_same_outputs(model, smaller)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_depthwise_convolutions(padding):
    model = sequential(
        layers.Conv2D(5, 1, name="expand"),
        layers.BatchNormalization(),
        layers.DepthwiseConv2D(3, padding=padding, activation="relu", name="depthwise"),
        layers.Conv2D(3, 1, name="project"),
        shape=(6, 6, 2),
    )
    expand, _, depthwise, project = model.layers
    silence(expand, 0)
    ignore(project, 1)
    kernel = array(depthwise.kernel).copy()
    kernel[:, :, 2] = 0.0
    depthwise.kernel.assign(kernel)
    smaller = keras_ec.remove_dead_units(model)
    left = 2 if padding == "valid" else 3
    assert sizes(smaller)["expand"] == left
    assert smaller.get_layer("depthwise").kernel.shape == (3, 3, left, 1)
    assert smaller.get_layer("depthwise").bias.shape == (left,)
    assert_same_outputs(model, smaller)


BETWEEN = {
    "relu with a ceiling": lambda: [layers.ReLU(max_value=0.4, negative_slope=0.1)],
    "relu from a threshold": lambda: [layers.ReLU(threshold=0.3)],
    "leaky relu": lambda: [layers.LeakyReLU(0.2)],
    "elu": lambda: [layers.ELU(0.7)],
    "activation": lambda: [layers.Activation("silu")],
    "offset alone": lambda: [layers.BatchNormalization(scale=False)],
    "scale alone": lambda: [layers.BatchNormalization(center=False)],
    "neither": lambda: [layers.BatchNormalization(scale=False, center=False, epsilon=0.1)],
    "noise": lambda: [layers.GaussianNoise(1.0), layers.SpatialDropout2D(0.3)],
    "average pooling": lambda: [layers.AveragePooling2D(2, padding="same")],
    "upsampling": lambda: [layers.UpSampling2D(2, interpolation="bilinear")],
    "cropping": lambda: [layers.Cropping2D(1)],
    "padding": lambda: [layers.ZeroPadding2D(1)],
    "depthwise": lambda: [layers.DepthwiseConv2D(2, use_bias=False, strides=2)],
    "depthwise to more": lambda: [layers.DepthwiseConv2D(2, depth_multiplier=2)],
    "normalized rows": lambda: [layers.BatchNormalization(axis=1)],
    "softmax": lambda: [layers.Softmax()],
    "reshaped": lambda: [layers.Reshape((-1, 5))],
}
STAY = {"padding", "depthwise to more", "normalized rows", "softmax", "reshaped"}


@pytest.mark.parametrize("name", BETWEEN)
def test_layers_between(name):
    model = sequential(
        layers.Conv2D(5, 3, name="a"),
        *BETWEEN[name](),
        layers.Flatten(),
        layers.Dense(4, name="b"),
        shape=(9, 9, 2),
    )
    silence(model.layers[0], 0, 3)
    smaller = keras_ec.remove_dead_units(model)
    assert sizes(smaller)["a"] == (5 if name in STAY else 3)
    assert_same_outputs(model, smaller)


READERS = {
    "same": lambda: layers.Conv1D(3, 3, padding="same"),
    "causal": lambda: layers.Conv1D(3, 3, padding="causal"),
    "same, of one point": lambda: layers.Conv1D(3, 1, padding="same"),
    "dilated": lambda: layers.Conv1D(3, 3, dilation_rate=2),
    "groups": lambda: layers.Conv1D(4, 3, groups=2),
    "dense": lambda: layers.Dense(3),
    "dense without biases": lambda: layers.Dense(3, use_bias=False),
    "separable": lambda: layers.SeparableConv1D(3, 3),
}
TAKE = {"same, of one point", "dilated", "dense"}


@pytest.mark.parametrize("name", READERS)
def test_readers_of_constants(name):
    model = sequential(layers.Conv1D(4, 3, name="a"), READERS[name](), shape=(9, 2))
    silence(model.layers[0], 0)
    smaller = keras_ec.remove_dead_units(model)
    assert sizes(smaller)["a"] == (3 if name in TAKE else 4)
    assert_same_outputs(model, smaller)


def test_convolutions_in_three_dimensions():
    model = sequential(
        layers.Conv3D(4, 2, activation="relu", name="a"), layers.Conv3D(3, 2), shape=(4, 4, 4, 1)
    )
    silence(model.layers[0], 0)
    assert sizes(keras_ec.remove_dead_units(model))["a"] == 3
    assert_same_outputs(model, keras_ec.remove_dead_units(model))


def test_channels_first_stay():
    stack = [layers.Conv2D(4, 1, data_format="channels_first", name=name) for name in "ab"]
    inputs = keras.Input((2, 6, 6))
    model = keras.Model(inputs, stack[1](stack[0](inputs)))
    silence(stack[0], 0)
    ignore(stack[1], 1)
    assert sizes(keras_ec.remove_dead_units(model)) == {"a": 4, "b": 4}


def test_layers_that_hold_no_plain_kernel_stay():
    model = sequential(layers.Dense(5, name="a"), layers.Dense(4, name="b"))
    silence(model.layers[0], 0)
    model.layers[0].enable_lora(2)
    assert sizes(keras_ec.remove_dead_units(model)) == {"a": 5, "b": 4}
    quantized = sequential(layers.Dense(5, name="a"), layers.Dense(4, name="b"))
    silence(quantized.layers[0], 0)
    quantized.quantize("int8")
    assert sizes(keras_ec.remove_dead_units(quantized)) == {"a": 5, "b": 4}


@pytest.mark.parametrize("nested", [False, True])
def test_what_is_always_in_training_is_no_constant(nested):
    inputs = keras.Input((6,))
    x = layers.Dense(5, name="a")(inputs)
    norm = layers.BatchNormalization()
    if nested:
        inner = keras.Sequential(
            [keras.Input((5,)), layers.Dense(5, name="c"), norm, layers.Dense(3)], name="inner"
        )
        model = randomized(keras.Model(inputs, inner(x, training=True)))
        dead, found = inner.layers[0], lambda m: m.get_layer("inner").layers[0]
    else:
        x = layers.Dense(3, name="b")(norm(x, training=True))
        model = randomized(keras.Model(inputs, x))
        dead, found = model.get_layer("a"), lambda m: m.get_layer("a")
    silence(dead, 0)
    smaller = keras_ec.remove_dead_units(model)
    assert found(smaller).units == 5
    assert_same_outputs(model, smaller)


def test_constants_are_asked_of_constant_channels_alone():
    """Elsewhere they mean nothing, and may be infinite."""
    model = sequential(
        layers.Conv1D(5, 1, activation="exponential", name="a"),
        layers.BatchNormalization(),
        layers.Conv1D(3, 1),
        shape=(4, 6),
    )
    model.layers[0].bias.assign([100.0, 0.0, 0.0, 0.0, 0.0])
    kernel = array(model.layers[0].kernel).copy()
    kernel[..., 0] = 0.0
    kernel[0, 0, 0] = -100.0
    model.layers[0].kernel.assign(kernel)
    model.layers[1].gamma.assign([0.0, 1.0, 1.0, 1.0, 1.0])
    smaller = keras_ec.remove_dead_units(model)
    assert sizes(smaller)["a"] == 4
    x = np.ones((2, 4, 6), "float32")
    np.testing.assert_allclose(array(model(x)), array(smaller(x)), **TOLERANCE)


def test_infinite_constants_stay():
    model = sequential(layers.Dense(3, activation="exponential", name="a"), layers.Dense(2))
    silence(model.layers[0], 0)
    model.layers[0].bias.assign([100.0, 0.0, 0.0])
    assert sizes(keras_ec.remove_dead_units(model))["a"] == 3


def test_initializers_of_the_old_shapes(tmp_path):
    bias = keras.initializers.Constant(np.linspace(0.1, 0.3, 3))
    model = sequential(layers.Dense(3, "relu", bias_initializer=bias, name="a"), layers.Dense(2))
    silence(model.layers[0], 0)
    smaller = keras_ec.remove_dead_units(model)
    assert sizes(smaller)["a"] == 2
    assert_same_outputs(model, smaller)


def test_death_spreads_in_few_copies(monkeypatch):
    stack = [layers.Dense(2, activation="tanh") for _ in range(20)]
    model = sequential(*stack, layers.Dense(1))
    for layer in stack[1:]:
        kernel = array(layer.kernel).copy()
        kernel[1, 0] = 0.0  # the second unit is read by the second alone
        layer.kernel.assign(kernel)
    ignore(model.layers[-1], 1)
    copies = []
    clone = keras.models.clone_model
    monkeypatch.setattr(
        keras.models, "clone_model", lambda *a, **k: copies.append(1) or clone(*a, **k)
    )
    smaller = keras_ec.remove_dead_units(model)
    assert [layer.units for layer in smaller.layers] == [1] * 21
    assert len(copies) == 2
    assert_same_outputs(model, smaller)


def test_models_of_classes_of_their_own():
    class Net(keras.Model):
        """A functional model with a method more."""

    inputs = keras.Input((6,))
    x = layers.Dense(5, name="a")(inputs)
    model = randomized(Net(inputs, layers.Dense(3)(x)))
    silence(model.get_layer("a"), 0)
    assert sizes(keras_ec.remove_dead_units(model))["a"] == 5  # its method may see them

    class Stack(keras.Sequential):
        """A sequential model with a method more."""

    model = Stack([keras.Input((6,)), layers.Dense(5, name="a"), layers.Dense(3)])
    randomized(model)
    silence(model.layers[0], 0)
    with pytest.warns(UserWarning, match="without the methods of their classes"):
        smaller = keras_ec.remove_dead_units(model)
    assert sizes(smaller)["a"] == 4
    assert_same_outputs(model, smaller)


def test_only_what_is_dead_on_all_ways():
    inputs = keras.Input((6,))
    x = layers.Dense(5, activation="relu", name="trunk")(inputs)
    left, right = layers.Dense(2, name="left")(x), layers.Dense(3, name="right")(layers.ReLU()(x))
    model = randomized(keras.Model(inputs, [left, right]))
    ignore(model.get_layer("left"), 0, 1)
    ignore(model.get_layer("right"), 1, 2)
    silence(model.get_layer("trunk"), 4)
    smaller = keras_ec.remove_dead_units(model)
    assert sizes(smaller) == {"trunk": 3, "left": 2, "right": 3}
    assert_same_outputs(model, smaller)


def test_channels_that_others_see_stay():
    inputs = keras.Input((6, 6, 3))
    x = layers.Conv2D(4, 3, padding="same", name="stem")(inputs)
    y = layers.Conv2D(4, 3, padding="same", activation="relu", name="inner")(x)
    y = layers.Conv2D(4, 3, padding="same", name="branch")(y)
    x = layers.Add()([x, y])
    x = layers.Conv2D(4, 1, name="joined")(x)
    x = layers.Concatenate()([x, inputs])
    grouped = layers.Conv2D(4, 1, name="grouped")(x)
    x = layers.Conv2D(6, 1, groups=2, name="groups")(grouped)
    shared = layers.Conv2D(6, 1, name="shared")
    x = shared(shared(x))
    model = randomized(keras.Model(inputs, layers.Conv2D(2, 1, name="out")(x)))
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            silence(layer, 0)
            layer.bias.assign(np.zeros_like(array(layer.bias)))
    smaller = keras_ec.remove_dead_units(model)
    assert {n for n, size in sizes(smaller).items() if size != sizes(model)[n]} == {"inner"}
    assert_same_outputs(model, smaller)


def test_within_nested_models():
    inner = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(5, activation="relu", name="a"),
            layers.Dense(4, name="b"),
        ],
        name="inner",
    )
    inputs = keras.Input((6,))
    model = randomized(keras.Model(inputs, layers.Dense(2, name="c")(inner(inputs))))
    silence(inner.layers[0], 0)
    silence(inner.layers[1], 0)
    smaller = keras_ec.remove_dead_units(model)
    assert sizes(smaller.get_layer("inner")) == {"a": 4, "b": 4}
    assert_same_outputs(model, smaller)


def constrained(vector_bits=None, **options):
    base = convolutional()
    return keras_ec.convert(base, alpha=0.1, num_examples=100, vector_bits=vector_bits, **options)


@pytest.mark.parametrize("center_type", ["uniform", "free"])
def test_layers_of_keras_ec_stay_what_they_are(center_type, tmp_path):
    model = constrained(center_type=center_type)
    silence(model.get_layer("first"), 1)
    ignore(model.get_layer("head"), 0, 4, of=5)
    for layer in model.layers:
        if hasattr(layer, "freeze_assignments"):
            layer.freeze_assignments()
    keras_ec.harden(model)
    smaller = keras_ec.remove_dead_units(model)
    assert sizes(smaller) == {"first": 5, "second": 3, "head": 4}
    assert isinstance(smaller.get_layer("second"), ECConv2D)
    assert [w.trainable for w in smaller.variables] == [w.trainable for w in model.variables]
    assert_same_outputs(model, smaller)
    smaller.save(tmp_path / "smaller.keras")
    assert_same_outputs(smaller, keras.models.load_model(tmp_path / "smaller.keras"))
    before = array(smaller.get_layer("second").kernel)
    keras_ec.harden(smaller)
    np.testing.assert_array_equal(array(smaller.get_layer("second").kernel), before)


def test_rounded_biases_take_no_constants():
    model = constrained(vector_bits=4)
    silence(model.get_layer("second"), 0, 1)
    bias = array(model.get_layer("second").bias).copy()
    bias[:2] = [-3.0, 1.0]  # the largest, which their grid depends on, goes
    model.get_layer("second").bias.assign(bias)
    smaller = keras_ec.remove_dead_units(model)
    assert sizes(smaller) == {"first": 6, "second": 4, "head": 4}
    assert_same_outputs(model, smaller)


def test_a_smaller_model_trains_and_is_exported(tmp_path):
    model = constrained()
    silence(model.get_layer("second"), 0, 1)
    smaller = keras_ec.remove_dead_units(model)
    keras_ec.export_tflite(model, tmp_path / "model.tflite")
    keras_ec.export_tflite(smaller, tmp_path / "smaller.tflite")
    contents = [(tmp_path / name).read_bytes() for name in ("model.tflite", "smaller.tflite")]
    assert len(contents[1]) < len(contents[0])
    x = np.random.default_rng(0).normal(size=(1, 12, 12, 2)).astype("float32")
    outputs = []
    for name in ("model", "smaller"):
        keras_ec.compress(tmp_path / f"{name}.tflite", tmp_path / f"{name}.ecz")
        interpreter = load(tmp_path / f"{name}.ecz")
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
    np.testing.assert_allclose(*outputs, **TOLERANCE)
    smaller.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    y = np.zeros(8, "int32")
    harden = keras_ec.callbacks.HardenAssignments(fine_tune_epochs=1)
    smaller.fit(np.repeat(x, 8, 0), y, epochs=2, verbose=0, callbacks=[harden])
    assert len(np.unique(array(smaller.get_layer("head").kernel))) <= 15


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_outputs_stay_whatever_is_zero(data):
    widths = data.draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    activation = data.draw(st.sampled_from(["relu", "tanh", "sigmoid"]))
    stack = [layers.Dense(width, activation=activation) for width in widths]
    model = sequential(*stack, shape=(3,))
    for layer in stack:
        mask = data.draw(
            st.lists(
                st.booleans(),
                min_size=int(np.prod(layer.kernel.shape)),
                max_size=int(np.prod(layer.kernel.shape)),
            )
        )
        kernel = array(layer.kernel) * np.reshape(mask, layer.kernel.shape)
        layer.kernel.assign(kernel)
    smaller = keras_ec.remove_dead_units(model)
    assert_same_outputs(model, smaller)
    for before, after in zip(smaller.layers, smaller.layers[1:], strict=False):
        if before.units > 1:
            assert (array(after.kernel) != 0).any(1).all()
            assert (array(before.kernel) != 0).any(0).all()


def test_the_given_model_is_not_changed():
    model = sequential(layers.Dense(5), layers.Dense(4))
    silence(model.layers[0], 0)
    before = [array(v).copy() for v in model.variables]
    model.compile("sgd", "mse")
    smaller = keras_ec.remove_dead_units(model)
    assert smaller is not model and model.compiled and not smaller.compiled
    for value, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(value, array(variable))


def test_nothing_to_remove_gives_a_copy():
    model = sequential(layers.Dense(5), layers.Dense(4))
    smaller = keras_ec.remove_dead_units(model)
    assert smaller is not model
    assert_same_outputs(model, smaller)


def test_bad_models():
    with pytest.raises(ValueError, match="not built"):
        keras_ec.remove_dead_units(keras.Sequential([layers.Dense(2)]))
    with pytest.raises(ValueError, match=r"Expected a keras.Model. Received: Dense"):
        keras_ec.remove_dead_units(layers.Dense(2))
    model = sequential(layers.Dense(2))
    model.layers[0].bias.assign([np.nan, 0.0])
    with pytest.raises(ValueError, match="not finite"):
        keras_ec.remove_dead_units(model)
