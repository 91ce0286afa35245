import keras
import numpy as np
import pytest
from keras import ops

import keras_ec
from keras_ec.callbacks import HardenAssignments
from keras_ec.distillation import Distiller, soft_cross_entropy

LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def softmax(logits):
    exponent = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponent / exponent.sum(axis=-1, keepdims=True)


def dense(seed=0, units=3):
    keras.utils.set_random_seed(seed)
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(units)])


def test_soft_cross_entropy_is_that_of_the_formula(rng):
    teacher, network = rng.normal(size=(2, 8, 5)).astype("float32")
    target, answer = softmax(teacher / 3.0), softmax(network / 3.0)
    expected = -9.0 * (target * np.log(answer)).sum(axis=-1)
    np.testing.assert_allclose(soft_cross_entropy(teacher, network, 3.0), expected, rtol=1e-5)


def test_loss_weighs_labels_and_teacher_and_keeps_penalties(rng):
    x, y = rng.normal(size=(20, 6)).astype("float32"), rng.integers(0, 3, 20)
    teacher = dense(1)
    network = keras_ec.convert(dense(2), alpha=0.5, num_examples=100)
    distiller = Distiller(network, teacher, weight=0.25, temperature=2.0)
    distiller.compile("adam", LOSS)
    outputs = network(x)
    loss = float(distiller.compute_loss(x, y, outputs, training=True))
    penalties = float(sum(network.losses))
    soft = ops.convert_to_numpy(soft_cross_entropy(teacher(x), outputs, 2.0))
    assert penalties > 0
    expected = 0.75 * float(LOSS(y, outputs)) + 0.25 * soft.mean() + penalties
    assert loss == pytest.approx(expected, rel=1e-5)
    weights = rng.uniform(0, 2, 20).astype("float32")
    weighted = float(distiller.compute_loss(x, y, outputs, weights, training=True))
    labels = float(LOSS(y, outputs, sample_weight=weights))
    expected = 0.75 * labels + 0.25 * (soft * weights).mean() + penalties
    assert weighted == pytest.approx(expected, rel=1e-5)
    plain = float(distiller.compute_loss(x, y, outputs, training=False))
    assert plain == pytest.approx(float(LOSS(y, outputs)) + penalties, rel=1e-5)


def test_a_network_learns_from_the_teacher_alone(rng):
    x = rng.normal(size=(256, 6)).astype("float32")
    teacher = dense(3)
    before = [v.numpy().copy() for v in teacher.weights]
    wrong = np.zeros(256, "int64")
    network = dense(4)
    distiller = Distiller(network, teacher, weight=1.0, temperature=1.0)
    distiller.compile(keras.optimizers.Adam(0.05), LOSS)
    distiller.fit(x, wrong, epochs=20, verbose=0)
    agreement = np.mean(np.argmax(network(x), -1) == np.argmax(teacher(x), -1))
    assert agreement > 0.95
    for old, new in zip(before, teacher.weights, strict=True):
        np.testing.assert_array_equal(old, new)
    assert all(v.trainable for v in teacher.weights)
    assert len(distiller.trainable_variables) == len(network.trainable_variables)


def test_entropy_constrained_training_hardens_the_network(rng):
    x, y = rng.normal(size=(64, 6)).astype("float32"), rng.integers(0, 3, 64)
    teacher = dense(5)
    network = keras_ec.convert(teacher, alpha=0.5, num_examples=64, centers=5)
    distiller = Distiller(network, teacher)
    distiller.compile("adam", LOSS, metrics=["accuracy"])
    callbacks = [HardenAssignments(fine_tune_epochs=1)]
    log = distiller.fit(x, y, epochs=3, validation_data=(x, y), callbacks=callbacks, verbose=0)
    assert {"relaxed_bits", "val_accuracy"} <= set(log.history)
    kernel = ops.convert_to_numpy(network.layers[0].kernel)
    assert len(np.unique(kernel)) <= 5
    result = distiller.evaluate(x, y, verbose=0, return_dict=True)
    agreement = np.mean(np.argmax(network(x), -1) == y)
    assert result["accuracy"] == pytest.approx(agreement, abs=1e-6)


@pytest.mark.parametrize("shape", [None, (8,), (8, 1)])
def test_sample_weights_take_the_shapes_that_keras_takes(rng, shape):
    x, y = rng.normal(size=(8, 6)).astype("float32"), rng.integers(0, 3, 8)
    weights = None if shape is None else rng.uniform(0, 2, shape).astype("float32")
    teacher, network = dense(1), dense(2)
    soft = ops.convert_to_numpy(soft_cross_entropy(teacher(x), network(x), 2.0))
    each = np.ones(8) if weights is None else weights.reshape(8)
    labels = float(LOSS(y, network(x), sample_weight=each))
    distiller = Distiller(network, teacher, weight=0.25, temperature=2.0)
    distiller.compile(keras.optimizers.SGD(0.0), LOSS)
    log = distiller.fit(x, y, batch_size=8, sample_weight=weights, verbose=0)
    expected = 0.75 * labels + 0.25 * (soft * each).mean()
    assert log.history["loss"] == pytest.approx([expected], rel=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_an_answer_for_each_step_of_a_sequence(rng, weighted):
    x, y = rng.normal(size=(8, 5, 6)).astype("float32"), rng.integers(0, 3, (8, 5))
    weights = rng.uniform(0, 2, (8, 5)).astype("float32") if weighted else None
    keras.utils.set_random_seed(1)
    teacher, network = (
        keras.Sequential([keras.Input((5, 6)), keras.layers.Dense(3)]) for _ in range(2)
    )
    soft = ops.convert_to_numpy(soft_cross_entropy(teacher(x), network(x), 2.0))
    labels = float(LOSS(y, network(x), sample_weight=weights))
    distiller = Distiller(network, teacher, weight=0.25, temperature=2.0)
    distiller.compile(keras.optimizers.SGD(0.0), LOSS)
    log = distiller.fit(x, y, batch_size=8, sample_weight=weights, verbose=0)
    expected = 0.75 * labels + 0.25 * (soft * (weights if weighted else 1.0)).mean()
    assert log.history["loss"] == pytest.approx([expected], rel=1e-5)


def test_saving_says_to_save_the_network(tmp_path):
    distiller = Distiller(dense(1), dense(2))
    with pytest.raises(NotImplementedError, match=r"distiller\.network\.save"):
        distiller.save(tmp_path / "distiller.keras")


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"weight": 1.5}, "weight"),
        ({"weight": "a"}, "weight"),
        ({"weight": -0.1}, "weight"),
        ({"temperature": 0}, "temp"),
    ],
)
def test_bad_arguments(arguments, match):
    with pytest.raises(ValueError, match=match):
        Distiller(dense(), dense(), **arguments)


@pytest.mark.parametrize("models", [("a", "b"), (dense, "b"), (None, dense)])
def test_bad_models(models):
    with pytest.raises(ValueError, match=r"Expected a network, a keras\.Model, and a teacher, "):
        Distiller(*models)


def test_losses_that_cancel_the_share_of_labels_are_refused(rng):
    x, y = rng.normal(size=(20, 6)).astype("float32"), rng.integers(0, 3, 20)
    distiller = Distiller(dense(1), dense(2))
    loss = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="mean_with_sample_weight"
    )
    distiller.compile("adam", loss)
    with pytest.raises(ValueError, match="sum_over_batch_size"):
        distiller.fit(x, y, verbose=0)


def test_outputs_with_names_are_refused(rng):
    x, y = rng.normal(size=(20, 6)).astype("float32"), rng.integers(0, 3, 20)
    inputs = keras.Input((6,))
    network = keras.Model(inputs, {"answer": keras.layers.Dense(3)(inputs)})
    distiller = Distiller(network, network)
    distiller.compile("adam", {"answer": LOSS})
    with pytest.raises(ValueError, match="type dict"):
        distiller.fit(x, {"answer": y}, verbose=0)


class Interruption(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


def test_a_new_distiller_loads_weights_and_resumes(rng, tmp_path):
    x, y = rng.normal(size=(20, 6)).astype("float32"), rng.integers(0, 3, 20)

    def distiller():
        made = Distiller(keras_ec.convert(dense(1), alpha=0.5, num_examples=100), dense(2))
        made.compile("adam", LOSS)
        return made

    first, second = distiller(), distiller()
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(KeyboardInterrupt):
        first.fit(x, y, epochs=3, verbose=0, callbacks=[backup, Interruption()])
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    history = second.fit(x, y, epochs=3, verbose=0, callbacks=[backup])
    assert history.epoch == [2]
    first.save_weights(tmp_path / "model.weights.h5")
    second.load_weights(tmp_path / "model.weights.h5")
    for old, new in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
