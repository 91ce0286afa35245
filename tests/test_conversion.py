import warnings

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_ec
from keras_ec import convert, strip
from keras_ec.conversion import unconverted_layers
from keras_ec.layers import (
    EC_LAYERS,
    ECConv2D,
    ECDense,
    ECLayer,
    ECLayerNormalization,
    FreeCenters,
)
from keras_ec.traversal import all_layers, ec_layers, quantized_weights, rounded_layers


def array(tensor):
    return ops.convert_to_numpy(tensor)


def dense_net():
    return keras.Sequential(
        [keras.Input((6,)), layers.Dense(16, activation="relu"), layers.Dense(3)]
    )


def rich_net():
    """Every layer that can be converted, nesting, wrappers, sharing, operators."""
    block = keras.Sequential(
        [
            keras.Input((8, 8, 4)),
            layers.DepthwiseConv2D(3, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
        ],
        name="block",
    )
    shared = layers.Dense(5, activation="tanh", kernel_regularizer="l2")
    inputs = keras.Input((8, 8, 2))
    x = layers.Conv2D(4, 3, padding="same")(inputs)
    x = block(x) + block(ops.relu(x))
    x = layers.Reshape((16, 16))(x)
    x = layers.Conv1D(6, 3, activation="relu")(x)
    x = layers.TimeDistributed(layers.Dense(4))(x)
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Concatenate()([shared(x), shared(-x)])
    return keras.Model(
        inputs, [layers.Dense(3, name="first")(x), layers.Dense(2, name="second")(x)]
    )


def randomized(model, rng):
    """Statistics and biases other than those of a fresh model."""
    for variable in model.weights:
        if len(variable.shape) == 1:
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return model


def outputs(model, x):
    return [array(y) for y in keras.tree.flatten(model(x))]


@pytest.fixture
def pictures(rng):
    return rng.standard_normal((4, 8, 8, 2)).astype("float32")


def test_weights_are_kept(rng):
    base = randomized(dense_net(), rng)
    model = convert(base, alpha=0.2, num_examples=100)
    for old, new in zip(base.layers, model.layers, strict=True):
        assert isinstance(new, ECDense) and new.name == old.name
        np.testing.assert_array_equal(array(old.kernel), array(new.kernel))
        np.testing.assert_array_equal(array(old.bias), array(new.bias))
    assert [layer.entropy_regularizer.get_config() for layer in model.layers] == [
        {"alpha": 0.2, "num_examples": 100, "rate_model": "structured"}
    ] * 2
    assert len(model.losses) == 4  # of kernels and biases
    assert not model.compiled


@pytest.mark.parametrize("center_type", ["uniform", "free"])
@pytest.mark.parametrize("forward", ["straight_through", "gaussian"])
def test_many_centers_infer_like_the_base_model(center_type, forward, pictures, rng):
    base = randomized(rich_net(), rng)
    model = convert(base, 0.2, 100, centers=8191, center_type=center_type, forward=forward)
    for old, new in zip(outputs(base, pictures), outputs(model, pictures), strict=True):
        np.testing.assert_allclose(new, old, atol=5e-3 * np.abs(old).max())
    for layer in ec_layers(model):
        assert (layer.center_type, layer.forward) == (center_type, forward)


def test_every_layer_of_a_rich_model_is_converted(pictures, rng):
    base = randomized(rich_net(), rng)
    before = [array(v) for v in base.variables]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = convert(base, 0.2, 100)
    plain = [layer for layer in all_layers(base) if type(layer) in EC_LAYERS]
    assert [EC_LAYERS[type(layer)] for layer in plain] == [type(x) for x in ec_layers(model)]
    assert len(ec_layers(model)) == 7
    assert len(model.losses) == 14  # of kernels and biases
    assert {type(layer) for layer in all_layers(base)}.isdisjoint(EC_LAYERS.values())
    for old, new in zip(before, base.variables, strict=True):
        np.testing.assert_array_equal(old, array(new))
    model(pictures, training=True)
    for old, new in zip(before, base.variables, strict=True):
        np.testing.assert_array_equal(old, array(new))


def test_centers_span_the_trained_weights(rng):
    base = dense_net()
    base.layers[0].kernel.assign(5 * base.layers[0].kernel)
    for weight in quantized_weights(convert(base, 0.2, 100, centers=7)):
        reach = np.abs(array(weight.variable)).max()
        np.testing.assert_allclose(array(weight.centers.values())[[0, -1]], [-reach, reach], 1e-6)


def test_centers_by_layer(rng):
    inner = layers.TimeDistributed(layers.Dense(2, name="inner"))
    base = keras.Sequential(
        [keras.Input((3, 8)), layers.Conv1D(4, 2, name="first"), layers.BatchNormalization(), inner]
    )
    before = base.get_weights()
    many = {"first": 31, "inner": [-1.0, 0.0, 1.0]}
    shapes = []

    def centers(layer):
        shapes.append(tuple(layer.kernel.shape))
        return many[layer.name]

    model = convert(base, 0.2, 100, centers=centers)
    assert shapes == [(2, 8, 4), (4, 2)]
    counts = {w.layer.name: len(array(w.centers.values())) for w in quantized_weights(model)}
    assert counts == {"first": 31, "inner": 3}
    for old, new in zip(before, strip(model).get_weights(), strict=True):
        assert old.shape == new.shape
    few = convert(
        base, 0.2, 100, centers=lambda layer: 7, select=lambda layer: layer.name != "inner"
    )
    assert [len(array(w.centers.values())) for w in quantized_weights(few)] == [7]
    with pytest.raises(ValueError, match=r"gives for layer 'first': `centers` must be.*None"):
        convert(base, 0.2, 100, centers=lambda layer: None)


def test_given_centers():
    model = convert(dense_net(), 0.2, 100, centers=[-0.5, 0, 0.2], center_type="free")
    for weight in quantized_weights(model):
        assert isinstance(weight.centers, FreeCenters)
        np.testing.assert_allclose(weight.centers.values(), [-0.5, 0, 0.2], atol=1e-7)


def test_select():
    with pytest.warns(UserWarning, match="left as they are"):
        model = convert(dense_net(), 0.2, 100, select=lambda layer: layer.units > 3)
    assert [type(layer) for layer in model.layers] == [ECDense, layers.Dense]
    with pytest.raises(ValueError, match="no layer to convert"):
        convert(dense_net(), 0.2, 100, select=lambda layer: False)


def test_vector_bits_reach_every_layer_and_normalization():
    base = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(3, name="first"),
            layers.LayerNormalization(),
            layers.GroupNormalization(1),
            layers.BatchNormalization(),
            layers.Dense(2, name="last"),
        ]
    )
    asked = []
    model = convert(base, 0.2, 100, vector_bits=4, select=lambda x: not asked.append(x.name))
    assert asked == [layer.name for layer in base.layers if "batch" not in layer.name]
    assert [layer.vector_bits for layer in rounded_layers(model)] == [4] * 4
    assert len(ec_layers(model)) == 2
    with pytest.warns(UserWarning, match="first"):
        chosen = convert(base, 0.2, 100, select=lambda x: x.name == "last")
    assert [layer.name for layer in rounded_layers(chosen)] == ["last"]
    kinds = [type(layer) for layer in model.layers]
    assert ECLayerNormalization in kinds and layers.BatchNormalization in kinds
    assert [type(layer) for layer in strip(model).layers] == [type(x) for x in base.layers]
    with pytest.raises(ValueError, match="holds EC layers already"):
        convert(model, 0.2, 100)
    assert len(model.losses) == 4 + 4  # of kernels and biases; of scales and offsets
    unrounded = convert(base, 0.2, 100)
    assert [layer.vector_bits for layer in rounded_layers(unrounded)] == [None] * 4
    only_normalizations = keras.Sequential([keras.Input((4,)), layers.LayerNormalization()])
    with pytest.raises(ValueError, match="no layer to convert"):
        convert(only_normalizations, 0.2, 100, vector_bits=4)


def test_select_left_layers_are_warned_of():
    with pytest.warns(UserWarning, match="last"):
        base = keras.Sequential([keras.Input((6,)), layers.Dense(4), layers.Dense(3, name="last")])
        convert(base, 0.2, 100, select=lambda layer: layer.name != "last")


def test_unsupported_layers_are_kept_and_named(rng):
    inputs = keras.Input((5,), dtype="int32")
    x = layers.Embedding(10, 4, name="table")(inputs)
    x = layers.LSTM(3, name="memory")(x)
    base = keras.Model(inputs, layers.Dense(2, name="head")(x))
    with pytest.warns(UserWarning) as caught:
        model = convert(base, 0.2, 100, centers=2001)
    (message,) = [str(w.message) for w in caught if "left as they are" in str(w.message)]
    assert "table (Embedding)" in message and "head" not in message
    assert "memory" in message or "lstm_cell" in message
    assert len(unconverted_layers(model)) == 2
    words = rng.integers(0, 10, (4, 5))
    np.testing.assert_allclose(array(model(words)), array(base(words)), atol=1e-2)
    lines = []
    keras_ec.summary(model, print_fn=lines.append)
    assert "table/embeddings *" in "".join(lines)


def test_layers_that_are_not_trainable_are_named_too():
    base = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Embedding(10, 4, trainable=False),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )
    with pytest.warns(UserWarning, match="Embedding"):
        convert(base, 0.2, 100)


def test_a_compiled_model_with_a_loss_of_its_own(blobs):
    def own_loss(y_true, y_pred):
        return ops.mean(ops.square(y_pred), axis=-1)

    base = keras.Sequential([keras.Input((8,)), layers.Dense(3)])
    base.compile(loss=own_loss, optimizer=keras.optimizers.SGD(0.1))
    base.fit(*blobs, verbose=0)
    model = convert(base, 0.2, 100)
    assert not model.compiled
    stripped = strip(model)
    assert not stripped.compiled


def test_lambda_and_custom_layers(rng):
    class Scale(layers.Layer):
        def build(self, shape):
            self.factor = self.add_weight(shape=(shape[-1],), initializer="ones")

        def call(self, x):
            return self.factor * x

    base = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8),
            layers.Lambda(lambda x: 2 * x),
            Scale(),
            layers.Dense(3),
        ]
    )
    base.layers[2].factor.assign(rng.standard_normal(8))
    x = rng.standard_normal((4, 6)).astype("float32")
    model = convert(base, 0.2, 100, centers=4001)
    np.testing.assert_allclose(array(model(x)), array(base(x)), atol=0.02)
    np.testing.assert_array_equal(array(strip(model)(x)), array(model(x)))


def test_layers_that_are_not_trainable_stay_as_they_are(rng):
    frozen = randomized(dense_net(), rng)
    frozen.trainable = False
    base = keras.Sequential(
        [keras.Input((6,)), frozen, layers.LayerNormalization(trainable=False), layers.Dense(2)]
    )
    names = r"dense\w* \(Dense, not trainable\), dense\w* \(Dense, not trainable\)\."
    with pytest.warns(UserWarning, match=names):
        model = convert(base, 0.2, 100)
    assert len(rounded_layers(model)) == len(ec_layers(model)) == 1
    assert not model.layers[0].trainable_variables
    for old, new in zip(frozen.weights, model.layers[0].weights, strict=True):
        np.testing.assert_array_equal(array(old), array(new))
    with pytest.raises(ValueError, match="that is trainable"):
        convert(frozen, 0.2, 100)
    selected = convert(frozen, 0.2, 100, select=lambda layer: True)
    assert [layer.trainable for layer in ec_layers(selected)] == [False, False]


def test_copies_of_another_class_are_warned_of():
    class Own(keras.Model):
        def __init__(self, kind, **arguments):
            inputs = keras.Input((6,))
            super().__init__(inputs, kind(3)(inputs), **arguments)

    def outer(kind):
        return keras.Sequential([keras.Input((6,)), Own(kind, name="inner"), layers.Dense(2)])

    lost = r"plain Keras models.*: inner \(Own\)\."
    for base in (Own(layers.Dense, name="inner"), outer(layers.Dense)):
        with pytest.warns(UserWarning, match=lost):
            convert(base, 0.2, 100)
    with pytest.warns(UserWarning, match=lost):
        strip(outer(keras_ec.layers.ECDense))


@keras.saving.register_keras_serializable("keras_ec_tests")
class Registered(keras.Model):
    pass


def test_copies_of_the_same_class_are_not_warned_of(recwarn):
    def net(kind, width):
        inputs = keras.Input((width,))
        return kind(inputs, layers.Dense(3)(inputs))

    inner = net(keras.Model, 6)
    base = keras.Sequential([keras.Input((6,)), inner, net(Registered, 3), layers.Dense(2)])
    model = convert(base, 0.2, 100)
    assert [type(layer) for layer in model.layers[:2]] == [type(inner), Registered]
    strip(model)
    assert not list(recwarn)


def test_models_with_a_graph_within_wrappers(rng):
    inputs = keras.Input((6,))
    hidden = layers.Dense(5)(inputs)
    inner = keras.Model(inputs, layers.Dense(3)(hidden) + layers.Dense(3)(hidden))
    base = keras.Sequential([keras.Input((4, 6)), layers.TimeDistributed(inner)])
    model = convert(base, 0.2, 100, centers=4001)
    assert len(ec_layers(model)) == 3
    x = rng.standard_normal((2, 4, 6)).astype("float32")
    np.testing.assert_allclose(array(model(x)), array(base(x)), atol=0.02)
    np.testing.assert_array_equal(array(strip(model)(x)), array(model(x)))


def test_a_converted_model_trains_and_saves(blobs, tmp_path):
    x, y = blobs
    base = keras.Sequential(
        [keras.Input((8,)), layers.Dense(16, activation="relu"), layers.Dense(3)]
    )
    model = convert(base, alpha=0.3, num_examples=192, centers=7)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, jit_compile=False)
    model.fit(x, y, epochs=3, callbacks=[keras_ec.callbacks.HardenAssignments()], verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(array(model(x)), array(loaded(x)))
    assert all(len(np.unique(w.hardened())) <= 7 for w in quantized_weights(loaded))


# Bad input


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"alpha": -0.1}, "alpha"),
        ({"alpha": float("nan")}, "alpha"),
        ({"num_examples": 0}, "num_examples"),
        ({"centers": 1}, "centers"),
        ({"centers": [0.0, 0.1, 0.3]}, "centers"),
        ({"center_type": "even"}, "center_type"),
        ({"center_type": ["free"]}, "center_type"),
        ({"forward": "other"}, "forward"),
        ({"rate_model": "other"}, "rate_model"),
        ({"rate_model": ["order_0"]}, "rate_model"),
        ({"select": "dense"}, "select"),
    ],
)
def test_bad_arguments(arguments, match):
    with pytest.raises(ValueError, match=match):
        convert(dense_net(), **{"alpha": 0.2, "num_examples": 100, **arguments})


def test_nothing_to_convert():
    base = keras.Sequential([keras.Input((6,)), layers.LayerNormalization()])
    with pytest.raises(ValueError, match="no layer to convert"):
        convert(base, 0.2, 100)


def test_models_with_ec_layers_are_refused():
    with pytest.raises(ValueError, match="holds EC layers already"):
        convert(convert(dense_net(), 0.2, 100), 0.2, 100, centers=5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda model: model.layers[0].enable_lora(2), "has LoRA.* without LoRA, or leave"),
        (lambda model: model.quantize("int8"), "is quantized.* before `quantize`, or leave"),
    ],
)
def test_kernels_that_are_not_what_the_layer_computes_with(change, message):
    model = dense_net()
    change(model)
    with pytest.raises(ValueError, match=f"Layer '{model.layers[0].name}' {message}"):
        convert(model, alpha=0.2, num_examples=100)


def test_layers_with_lora_may_be_left_out(rng):
    model = dense_net()
    model.layers[0].enable_lora(2)
    with pytest.warns(UserWarning, match=model.layers[0].name):
        converted = convert(model, 0.2, 100, select=lambda layer: layer.units == 3, centers=2001)
    assert [type(layer).__name__ for layer in converted.layers] == ["Dense", "ECDense"]
    x = rng.normal(size=(5, 6)).astype("float32")
    np.testing.assert_allclose(array(converted(x)), array(model(x)), atol=1e-2)


def test_merged_lora_is_converted(tmp_path, rng):
    model, merged = dense_net(), dense_net()
    model.layers[0].enable_lora(2)
    model.layers[0].lora_kernel_b.assign(rng.normal(size=(2, 16)))
    model.save_weights(tmp_path / "model.weights.h5")
    merged.load_weights(tmp_path / "model.weights.h5")
    x = rng.normal(size=(5, 6)).astype("float32")
    np.testing.assert_allclose(array(merged(x)), array(model(x)), atol=1e-5)
    convert(merged, alpha=0.2, num_examples=100)


@pytest.mark.parametrize("dtype", ["int8_from_float32", "int4_from_float32", "float8_from_float32"])
def test_layers_of_quantized_policies(dtype):
    model = keras.Sequential([keras.Input((8,)), layers.Dense(4, dtype=dtype)])
    with pytest.raises(ValueError, match="is quantized"):
        convert(model, alpha=0.2, num_examples=100)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite(value):
    base = dense_net()
    kernel = array(base.layers[1].kernel).copy()
    kernel[2, 1] = value
    base.layers[1].kernel.assign(kernel)
    with pytest.raises(ValueError, match="not finite"):
        convert(base, 0.2, 100)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = ECDense(3)

    def call(self, inputs):
        return self.dense(inputs)


@pytest.mark.parametrize("function", [lambda model: convert(model, 0.2, 100), strip])
def test_models_that_cannot_be_copied(function):
    unbuilt = keras.Sequential([ECDense(3), layers.Dense(2)])
    with pytest.raises(ValueError, match=r"not built|no weights"):
        function(unbuilt)
    subclassed = Subclassed()
    with pytest.raises(ValueError, match=r"not built|no weights"):
        function(subclassed)
    subclassed(np.zeros((1, 4), "float32"))
    with pytest.raises(ValueError, match="subclassed"):
        function(subclassed)
    for other in ("model.keras", None, layers.Dense(3)):
        with pytest.raises(ValueError, match=r"Expected a keras\.Model"):
            function(other)


def test_layers_shared_between_a_wrapper_and_the_graph_are_refused():
    shared = layers.Dense(4)
    inputs = [keras.Input((5, 4)), keras.Input((4,))]
    outputs = [layers.TimeDistributed(shared)(inputs[0]), shared(inputs[1])]
    with pytest.raises(ValueError, match="shared between a wrapper and the graph"):
        convert(keras.Model(inputs, outputs), 0.2, 100)


def test_strip_without_ec_layers():
    with pytest.raises(ValueError, match="no EC layer"):
        strip(dense_net())


# Strip


@pytest.mark.parametrize("hardened", [False, True])
@pytest.mark.parametrize("center_type", ["uniform", "free"])
def test_strip_infers_the_same(hardened, center_type, pictures, rng):
    model = convert(
        randomized(rich_net(), rng),
        0.2,
        100,
        centers=5,
        center_type=center_type,
        forward="gaussian",
    )
    if hardened:
        keras_ec.harden(model)
    before = [array(v) for v in model.variables]
    plain = strip(model)
    for old, new in zip(outputs(model, pictures), outputs(plain, pictures), strict=True):
        np.testing.assert_array_equal(old, new)
    for old, new in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(old, array(new))
    for layer in all_layers(plain):
        assert not isinstance(layer, ECLayer)
        assert type(layer).__module__.startswith("keras.")
    for variable in plain.variables:
        if variable.name == "kernel":
            assert len(np.unique(array(variable))) <= 5
    assert len(plain.losses) == 1  # the l2 of the base model


def test_stripped_models_load_without_the_library(tmp_path, rng):
    plain = strip(convert(dense_net(), 0.2, 100))
    plain.save(tmp_path / "plain.keras")
    config = (tmp_path / "plain.keras").read_bytes()
    assert b"keras_ec" not in config
    assert "keras_ec" not in plain.to_json()


def test_strip_of_a_model_built_by_hand(rng):
    inputs = keras.Input((6, 6, 1))
    x = ECConv2D(3, 3, centers=3)(inputs)
    model = keras.Model(inputs, ECDense(2, centers=3)(layers.Flatten()(x)))
    x = rng.standard_normal((2, 6, 6, 1)).astype("float32")
    np.testing.assert_array_equal(array(strip(model)(x)), array(model(x)))


@pytest.mark.parametrize("own_first", [True, False])
def test_layers_named_like_those_of_keras_stay_and_do_not_replace_them(own_first, rng):
    class Dense(layers.Dense):
        def call(self, inputs, training=None):
            return 3 * super().call(inputs)

    pair = [Dense(6), layers.Dense(6)]
    model = keras.Sequential(
        [keras.Input((6,)), *(pair if own_first else pair[::-1]), layers.Dense(2)]
    )
    with pytest.warns(UserWarning, match="left as they are"):
        converted = convert(model, 0.1, 10, centers=255)
    stripped = strip(converted)
    kinds = [Dense if type(layer) is Dense else layers.Dense for layer in model.layers]
    assert [type(layer) for layer in stripped.layers] == kinds
    x = rng.standard_normal((5, 6)).astype("float32")
    np.testing.assert_allclose(converted(x), model(x), atol=0.1)
    np.testing.assert_allclose(stripped(x), converted(x), atol=1e-5)


def test_frozen_models_within_a_model_are_frozen_in_the_copy():
    inputs = keras.Input((6,))
    inner = keras.Model(inputs, keras.layers.Dense(4)(keras.layers.Dense(5)(inputs)), name="inner")
    inner.trainable = False
    base = keras.Model(inputs, keras.layers.Dense(3)(inner(inputs)))
    with pytest.warns(UserWarning, match="left as they are"):
        model = keras_ec.convert(base, alpha=0.1, num_examples=10)
    copy = model.get_layer("inner")
    assert not copy.trainable
    assert not any(layer.trainable for layer in copy.layers[1:])
    assert len(model.trainable_variables) == 3
    copy.trainable = True
    assert len(model.trainable_variables) == 7
    base.trainable = False
    stripped = keras_ec.strip(keras_ec.convert(base, 0.1, 10, select=lambda layer: True))
    assert not stripped.trainable and not stripped.trainable_variables


def test_layers_that_are_registered_late():
    known = dict(keras_ec.layers.EC_LAYERS)

    @keras_ec.layers.ec_layer(keras.layers.EinsumDense)
    class ECEinsumDense(keras_ec.layers.ECLayer, keras.layers.EinsumDense):
        """A kernel on centers."""

    try:
        layer = keras.layers.EinsumDense("abc,cd->abd", output_shape=(6, 4))
        base = keras.Sequential([keras.Input((6, 8)), layer])
        model = keras_ec.convert(base, alpha=0.1, num_examples=10)
        assert type(model.layers[0]) is ECEinsumDense
        assert type(keras_ec.strip(model).layers[0]) is keras.layers.EinsumDense
    finally:
        keras_ec.layers.EC_LAYERS.clear()
        keras_ec.layers.EC_LAYERS.update(known)
