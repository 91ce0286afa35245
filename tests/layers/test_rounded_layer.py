"""Layers that run on rounded vectors: what calls use, trains, is saved and shipped."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_ec
from keras_ec import callbacks, harden, strip
from keras_ec.layers import ECConv2D, ECDense, ECLayerNormalization, RoundedLayer
from keras_ec.regularizers import EntropyRegularizer
from keras_ec.rounding import round_vector
from keras_ec.traversal import rounded_layers

BITS = 4


def array(tensor):
    return ops.convert_to_numpy(tensor)


def network(vector_bits=BITS, forward="straight_through"):
    regularizer = EntropyRegularizer(0.3, 64)
    arguments = {"vector_bits": vector_bits, "forward": forward, "entropy_regularizer": regularizer}
    inputs = keras.Input((6, 6, 2))
    x = ECConv2D(4, 3, activation="relu", **arguments)(inputs)
    x = layers.Flatten()(x)
    x = ECDense(8, **arguments)(x)
    x = ECLayerNormalization(vector_bits=vector_bits)(x)
    return keras.Model(inputs, ECDense(3, **arguments)(x))


def vectors(model):
    return [v for layer in rounded_layers(model) for v in layer.rounded_vectors]


@pytest.fixture
def pictures(rng):
    return rng.standard_normal((32, 6, 6, 2)).astype("float32")


@pytest.fixture
def spread(rng):
    """A network whose vectors are on no grid."""
    model = network()
    for vector in vectors(model):
        vector.assign(rng.uniform(-1, 1, vector.shape))
    return model


@pytest.mark.parametrize("make", [ECDense, lambda units, dtype: ECLayerNormalization(dtype=dtype)])
def test_quantized_dtypes_are_refused(make):
    for dtype in ("int8_from_float32", "float8_from_mixed_bfloat16"):
        with pytest.raises(ValueError, match=f"one of floats.*Received: '{dtype.split('_')[0]}'"):
            make(3, dtype=dtype)
    layer = make(3, dtype="mixed_float16")
    assert layer.compute_dtype == "float16"
    layer.dtype_policy = "int8_from_float32"
    with pytest.raises(ValueError, match=r"one of floats.*Received: 'int8'"):
        layer.build((None, 4))


def test_calls_use_rounded_vectors(spread, pictures):
    before = array(spread(pictures))
    values = [array(v) for v in vectors(spread)]
    assert len(values) == 5
    for vector, value in zip(vectors(spread), values, strict=True):
        rounded = round_vector(value, BITS)
        assert np.any(rounded != value)
        vector.assign(rounded)
    np.testing.assert_array_equal(array(spread(pictures)), before)


def test_no_bits_leave_the_layer_as_it_is(pictures, rng):
    layer, plain = ECLayerNormalization(), layers.LayerNormalization()
    x = pictures[:, 0, 0]
    layer.build(x.shape)
    plain.build(x.shape)
    for mine, theirs in zip([layer.gamma, layer.beta], plain.weights, strict=True):
        mine.assign(rng.uniform(0.4, 1.6, mine.shape))
        theirs.assign(mine)
    assert not layer.rounded_vectors and not layer.hardened()
    np.testing.assert_array_equal(array(layer(x)), array(plain(x)))


@pytest.mark.parametrize("forward", ["straight_through", "gaussian"])
def test_vectors_train_by_steps_smaller_than_the_grid(pictures, forward):
    """Rounded at every step they would not move: the gradient goes to what is rounded."""
    model = network(forward=forward)
    for vector in vectors(model):
        vector.assign(np.where(np.arange(vector.shape[0]) == 0, 1.0, 0.0))
    start = [array(v) for v in vectors(model)]
    model.compile(keras.optimizers.SGD(1e-3), "mse", jit_compile=False)
    model.fit(pictures, np.ones((32, 3)), verbose=0)
    moved = [np.abs(array(v) - old) for v, old in zip(vectors(model), start, strict=True)]
    assert all(0 < np.max(change) < 1 / 14 for change in moved)


def test_the_penalty_sees_the_trained_vectors(spread):
    raw = [float(loss) for loss in spread.losses]
    for vector in vectors(spread):
        vector.assign(round_vector(array(vector), BITS))
    rounded = [float(loss) for loss in spread.losses]
    changed = [old != pytest.approx(new, rel=1e-4) for old, new in zip(raw, rounded, strict=True)]
    assert sum(changed) == 3  # of the biases; kernels, and a normalization without penalty, stay


def test_hardening_gives_what_calls_use(spread, pictures):
    before = array(spread(pictures))
    harden(spread, vector_bits=None)
    for vector in vectors(spread):
        value = array(vector)
        assert len(np.unique(np.abs(value))) <= 2 ** (BITS - 1)
        np.testing.assert_array_equal(value, round_vector(value, BITS))
    np.testing.assert_allclose(array(spread(pictures)), before, atol=1e-2)


def test_their_own_resolution_outweighs_that_of_hardening(spread):
    expected = [round_vector(array(v), BITS) for v in vectors(spread)]
    harden(spread, vector_bits=2)
    for vector, value in zip(vectors(spread), expected, strict=True):
        np.testing.assert_array_equal(array(vector), value)


def test_the_network_that_is_validated_is_the_one_that_is_hardened(pictures):
    inputs = keras.Input((6, 6, 2))
    x = layers.Flatten()(inputs)
    x = ECDense(16, bias_initializer=keras.initializers.RandomUniform(-3, 3), vector_bits=3)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    model = keras.Model(inputs, ECDense(3, vector_bits=3)(ECLayerNormalization(vector_bits=3)(x)))
    model.compile("adam", "mse", jit_compile=False)
    y = np.ones((32, 3))
    history = model.fit(
        pictures,
        y,
        epochs=3,
        verbose=0,
        validation_data=(pictures, y),
        callbacks=[callbacks.HardenAssignments(fine_tune_epochs=1)],
    )
    last = history.history["val_loss"][-1]
    assert model.evaluate(pictures, y, verbose=0, return_dict=True)["loss"] == pytest.approx(
        last, rel=2e-3
    )


def test_plain_copy_and_file_infer_the_same(spread, pictures, tmp_path):
    expected = array(spread(pictures))
    plain = strip(spread)
    assert not rounded_layers(plain)
    assert type(plain.layers[-2]) is layers.LayerNormalization
    np.testing.assert_allclose(array(plain(pictures)), expected, atol=1e-6)
    spread.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert [layer.vector_bits for layer in rounded_layers(loaded)] == [BITS] * 4
    np.testing.assert_array_equal(array(loaded(pictures)), expected)


def test_frozen_layers_round_what_others_round(spread, pictures, tmp_path):
    spread.layers[1].trainable = spread.layers[4].trainable = False
    expected = array(spread(pictures))
    spread.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert len(vectors(loaded)) == len(vectors(spread))
    np.testing.assert_array_equal(array(loaded(pictures)), expected)


def test_mixed_precision_and_compiled_step(pictures):
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = network()
    model.compile("adam", "mse", jit_compile=True)
    before = [array(v) for v in vectors(model)]
    model.fit(pictures, np.ones((32, 3)), verbose=0)
    for vector, old in zip(vectors(model), before, strict=True):
        assert vector.dtype == "float32" and np.any(array(vector) != old)


def test_the_base_alone_makes_a_layer_that_can_be_copied(pictures):
    @keras.saving.register_keras_serializable("tests")
    class RoundedEinsum(RoundedLayer, layers.EinsumDense):
        pass

    base = keras.Sequential([keras.Input((6, 6, 2)), layers.Flatten(), layers.Dense(2)])
    rounded = RoundedEinsum("ab,bc->ac", output_shape=3, bias_axes="c", vector_bits=BITS)
    model = keras.Sequential([*base.layers[:1], rounded, ECDense(2)])
    model.build((None, 6, 6, 2))
    rounded.bias.assign([0.7, -0.11, 0.13])
    copy = strip(model)
    np.testing.assert_array_equal(array(copy.layers[1].bias), [0.75, -0.125, 0.125])
    np.testing.assert_allclose(array(copy(pictures)), array(model(pictures)), atol=1e-6)


@pytest.mark.parametrize("bits", [1, 25, 4.0, True])
def test_bad_bits(bits):
    with pytest.raises(ValueError, match="bits"):
        ECDense(3, vector_bits=bits)
    with pytest.raises(ValueError, match="bits"):
        keras_ec.convert(
            keras.Sequential([keras.Input((2,)), layers.Dense(2)]), 0.1, 10, vector_bits=bits
        )
