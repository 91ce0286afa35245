import contextlib
import csv
import gc
import math
import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_ec import schedules
from keras_ec.callbacks import (
    FreezeAssignments,
    HardenAssignments,
    HardenedValidation,
    RateLogger,
    RateSchedule,
    TemperatureSchedule,
    rate_of,
)
from keras_ec.hardening import harden
from keras_ec.layers import ECDense
from keras_ec.traversal import quantized_weights


def array(tensor):
    return ops.convert_to_numpy(tensor)


def state(model):
    """Temperature, factor on the penalty and frozen flag of the first kernel."""
    centers = quantized_weights(model)[0].centers
    return tuple(float(array(v)) for v in (centers.temperature, centers.rate_scale, centers.frozen))


def indices(model):
    return np.concatenate([array(w.indices()).ravel() for w in quantized_weights(model)])


def kernels(model):
    return [array(w.variable) for w in quantized_weights(model)]


class Recorder(keras.callbacks.Callback):
    """Records a function of the model at the begin of batches and at the end of epochs."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.batches, self.epochs = [], []

    def on_train_batch_begin(self, batch, logs=None):
        self.batches.append(self.function(self.model))

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(self.function(self.model))


class Interrupt(keras.callbacks.Callback):
    """Stops a run as a crash would, at the begin of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


# Schedules


def test_schedules_follow_batches_and_epochs(blobs, make_blob_model):
    x, y = blobs
    model, recorder = make_blob_model(), Recorder(state)
    callbacks = [
        TemperatureSchedule(schedules.linear(1.0, 0.0)),
        RateSchedule(schedules.linear(0.0, 8.0), reserved_epochs=2),
        recorder,
    ]
    model.fit(x, y, batch_size=48, epochs=4, callbacks=callbacks, verbose=0)
    temperature, factor, _ = np.transpose(recorder.batches)
    np.testing.assert_allclose(temperature, 1 - np.arange(16) / 16, atol=1e-6)
    np.testing.assert_allclose(factor, np.minimum(np.arange(16), 8), atol=1e-6)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_schedules_without_a_known_number_of_batches(blobs, make_blob_model):
    """The first epoch counts the batches; no value runs ahead of its epoch."""
    x, y = blobs

    def batches():
        for begin in range(0, 192, 48):
            yield x[begin : begin + 48], y[begin : begin + 48]

    signature = (tf.TensorSpec((None, 8)), tf.TensorSpec((None,), "int32"))
    data = tf.data.Dataset.from_generator(batches, output_signature=signature)
    model, recorder = make_blob_model(), Recorder(state)
    callbacks = [TemperatureSchedule(schedules.linear(4.0, 0.0)), recorder]
    model.fit(data, epochs=4, callbacks=callbacks, verbose=0)
    # Keras announces one batch more than the data hold, which then does not come.
    temperature = np.reshape(recorder.batches, (4, -1, 3))[:, :4, 0]
    np.testing.assert_allclose(temperature[0], 4.0)
    np.testing.assert_allclose(temperature[:, 0], [4, 3, 2, 1], atol=1e-6)
    np.testing.assert_allclose(temperature[1:].ravel(), 3 - np.arange(12) / 4, atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*shuffle=True", "ignore:Your input ran out")
def test_one_epoch_of_unknown_length_is_warned_of(blobs, make_blob_model):
    data = tf.data.Dataset.from_tensor_slices(blobs).batch(48).filter(lambda x, y: True)
    for options in ({"epochs": 1}, {"epochs": 3}):
        with pytest.warns(UserWarning, match="one epoch alone.*: schedules stay"):
            callback = HardenAssignments(fine_tune_epochs=options["epochs"] - 1)
            make_blob_model().fit(data, callbacks=[callback], verbose=0, **options)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*one epoch alone")
        make_blob_model().fit(
            data.repeat(), steps_per_epoch=4, callbacks=[HardenAssignments()], verbose=0
        )


def test_one_batch_in_all_is_warned_of(blobs, make_blob_model):
    x, y = blobs
    with pytest.warns(UserWarning, match="one epoch alone, of one batch.*: schedules stay"):
        make_blob_model().fit(x, y, batch_size=len(x), callbacks=[HardenAssignments()], verbose=0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: TemperatureSchedule(schedules.constant(1.0), reserved_epochs=-1),
        lambda: FreezeAssignments(-1),
        lambda: HardenAssignments(fine_tune_epochs=-2),
        lambda: HardenAssignments(fine_tune_epochs=1.5),
        lambda: HardenAssignments(fine_tune_epochs="2"),
    ],
)
def test_bad_numbers_of_epochs(make):
    with pytest.raises(ValueError, match="epochs"):
        make()


@pytest.mark.parametrize("name", ["temperature", "rate"])
def test_a_number_is_no_schedule(name):
    with pytest.raises(ValueError, match=r"keras_ec\.schedules\. Received: 0\.5"):
        HardenAssignments(**{name: 0.5})


def test_training_with_frozen_assignments_alone_is_warned_of(blobs, make_blob_model):
    with pytest.warns(UserWarning, match="All 2 epochs"):
        make_blob_model().fit(*blobs, epochs=2, verbose=0, callbacks=[FreezeAssignments(2)])


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_run_that_diverges_ends_as_in_keras(jit_compile, blobs, make_blob_model):
    x, y = blobs
    model = make_blob_model()
    model.compile(keras.optimizers.SGD(0.01), model.loss, jit_compile=jit_compile)
    stop = keras.callbacks.TerminateOnNaN()
    with pytest.raises(ValueError, match="not finite"):
        model.fit(x * np.nan, y, epochs=2, verbose=0, callbacks=[HardenAssignments(), stop])


def test_bad_bits():
    with pytest.raises(ValueError, match="bits"):
        HardenAssignments(vector_bits=1)


def test_a_model_without_ec_layers(blobs):
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3)])
    model.compile(loss="mse")
    with pytest.raises(ValueError, match="no EC layer"):
        model.fit(blobs[0], np.zeros((192, 3)), callbacks=[HardenAssignments()], verbose=0)


def test_defaults_ramp_the_penalty_and_anneal(blobs, make_blob_model):
    x, y = blobs
    model, recorder = make_blob_model(), Recorder(state)
    model.fit(x, y, epochs=10, callbacks=[HardenAssignments(), recorder], verbose=0)
    temperature, factor, _ = np.transpose(recorder.batches)
    assert factor[0] == 0.0 and factor[-1] == 1.0
    assert np.all(np.diff(temperature) <= 0) and temperature[-1] < 0.6 * temperature[0]


# Logs


def test_rates_in_history_and_csv(blobs, make_blob_model, tmp_path):
    x, y = blobs
    model, recorder = make_blob_model(), Recorder(rate_of)
    callbacks = [HardenAssignments(), recorder, keras.callbacks.CSVLogger(tmp_path / "log.csv")]
    history = model.fit(x, y, epochs=3, callbacks=callbacks, verbose=0).history
    with open(tmp_path / "log.csv") as file:
        rows = list(csv.DictReader(file))
    for name in ("relaxed_bits", "hard_bits", "bits_per_weight"):
        expected = [entry[name] for entry in recorder.epochs]
        assert history[name] == expected
        assert [float(row[name]) for row in rows] == pytest.approx(expected)


def test_logger_alone(blobs, make_blob_model):
    x, y = blobs
    history = make_blob_model().fit(x, y, callbacks=[RateLogger()], verbose=0).history
    assert len(history["hard_bits"]) == 1


def test_rate_counts_bits_of_the_hard_histogram(make_blob_model):
    model = make_blob_model()
    bits = 0.0
    for weight in quantized_weights(model):
        counts = np.unique(weight.hardened(), return_counts=True)[1]
        bits -= np.sum(counts * np.log2(counts / counts.sum()))
    rate = rate_of(model)
    assert rate["hard_bits"] == pytest.approx(bits, rel=1e-5)
    assert rate["bits_per_weight"] == pytest.approx(bits / (8 * 16 + 16 * 3), rel=1e-5)
    relaxed = sum(float(w.relaxed_bits()) for w in quantized_weights(model))
    assert rate["relaxed_bits"] == pytest.approx(relaxed)


# End of training


@pytest.mark.parametrize("center_type", ["uniform", "free"])
@pytest.mark.parametrize("fine_tune_epochs", [0, 2])
def test_fit_ends_with_a_hardened_network(center_type, fine_tune_epochs, blobs, make_blob_model):
    x, y = blobs
    model = make_blob_model(center_type=center_type)
    callback = HardenAssignments(fine_tune_epochs=fine_tune_epochs)
    history = model.fit(x, y, epochs=4, callbacks=[callback], verbose=0).history
    total = 0.0
    for kernel in kernels(model):
        values, counts = np.unique(kernel, return_counts=True)
        assert len(values) <= 5
        assert not np.any(np.signbit(kernel) & (kernel == 0))
        total -= np.sum(counts * np.log2(counts / kernel.size))
    assert history["bits_per_weight"][-1] == pytest.approx(total / (8 * 16 + 16 * 3), rel=1e-5)
    assert history["accuracy"][-1] > 0.6
    assert len(model.trainable_variables) == 6
    assert state(model)[2] == 0.0
    before = model.get_weights()
    harden(model)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_training_loop_of_ones_own_ends_with_a_hardened_network(blobs, make_blob_model):
    x, y = blobs
    model = make_blob_model()
    model = keras.Sequential([keras.Input((8,)), *model.layers])  # not compiled
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(0.01)
    steps = 6
    callbacks = keras.callbacks.CallbackList(
        [HardenAssignments(fine_tune_epochs=1)], model=model, epochs=3, steps=steps
    )
    callbacks.on_train_begin()
    frozen = []
    for epoch in range(3):
        callbacks.on_epoch_begin(epoch)
        for step in range(steps):
            callbacks.on_train_batch_begin(step)
            with tf.GradientTape() as tape:
                loss = loss_of(y[step::steps], model(x[step::steps], training=True))
                loss = loss + sum(model.losses)
            variables = model.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            callbacks.on_train_batch_end(step)
        frozen.append(state(model)[2])
        callbacks.on_epoch_end(epoch)
    callbacks.on_train_end()
    assert frozen == [0.0, 0.0, 1.0]
    assert state(model) == pytest.approx((0.35, 1.0, 0.0))
    assert all(len(np.unique(kernel)) <= 5 for kernel in kernels(model))


@pytest.mark.parametrize(
    "make", [HardenAssignments, lambda: FreezeAssignments(1), lambda: RateSchedule(math.sqrt)]
)
def test_a_loop_that_does_not_tell_its_epochs_is_refused(make_blob_model, make):
    for known in ({}, {"steps": 4}):
        callbacks = keras.callbacks.CallbackList([make()], model=make_blob_model(), **known)
        with pytest.raises(ValueError, match=r"number of epochs.*epochs=epochs, steps=steps"):
            callbacks.on_train_begin()


def test_a_step_that_trains_frozen_kernels_is_warned_of(make_blob_model):
    trained = make_blob_model()
    model = keras.Sequential([keras.Input((8,)), *trained.layers])  # not compiled
    callbacks = keras.callbacks.CallbackList(
        [HardenAssignments(fine_tune_epochs=1)], model=model, epochs=1, steps=1
    )
    with pytest.warns(UserWarning, match="All 1 epochs"):
        callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)
    for weight in quantized_weights(model):
        weight.variable.assign(-array(weight.variable))
    with pytest.warns(UserWarning, match="Frozen assignments have changed"):
        callbacks.on_epoch_end(0)


def test_vector_bits_of_the_callback(blobs, make_blob_model):
    x, y = blobs
    plain = make_blob_model()
    plain.fit(x, y, callbacks=[HardenAssignments(vector_bits=None)], verbose=0)
    bias = array(plain.layers[0].bias)
    harden(plain)
    assert np.any(array(plain.layers[0].bias) != bias)
    rounded = make_blob_model()
    rounded.fit(x, y, callbacks=[HardenAssignments()], verbose=0)
    bias = array(rounded.layers[0].bias)
    harden(rounded)
    np.testing.assert_array_equal(array(rounded.layers[0].bias), bias)


# Validation


def metrics_of(model, x, y):
    """Loss and accuracy."""
    logits = array(model(x)).astype("float64")
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -logits[np.arange(len(y)), y].mean(), np.mean(logits.argmax(axis=1) == y)


def test_validation_is_that_of_the_hardened_network(blobs, make_blob_model):
    x, y = blobs

    def hardened_metrics(trained):
        copy = make_blob_model(alpha=0.0)
        copy.set_weights(trained.get_weights())
        harden(copy)
        return metrics_of(copy, x, y)

    model, recorder = make_blob_model(alpha=0.0), Recorder(hardened_metrics)
    callbacks = [HardenAssignments(fine_tune_epochs=1), recorder]
    history = model.fit(
        x, y, epochs=3, callbacks=callbacks, validation_data=(x, y), verbose=0
    ).history
    # Hardening also rounds centers to 12 bits, hence not exactly.
    losses, accuracies = np.transpose([*recorder.epochs, metrics_of(model, x, y)])
    np.testing.assert_allclose(history["val_accuracy"], accuracies[:3], atol=1e-6)
    np.testing.assert_allclose(history["val_loss"], losses[:3], rtol=5e-3)
    assert losses[3] == pytest.approx(losses[2], rel=1e-6)


def test_validation_rounds_biases_and_restores_them(blobs, make_blob_model, rng):
    x, y = blobs
    model = make_blob_model()
    bias = rng.standard_normal(16).astype("float32")
    model.layers[0].bias.assign(bias)
    plain = model.evaluate(x, y, verbose=0)
    rounded = model.evaluate(x, y, callbacks=[HardenedValidation(3)], verbose=0)
    assert plain[0] != rounded[0]
    np.testing.assert_array_equal(array(model.layers[0].bias), bias)
    unchanged = model.evaluate(x, y, callbacks=[HardenedValidation(None)], verbose=0)
    assert unchanged[0] == plain[0]


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_moving_averages_in_place_of_weights_are_validated_and_restored(swap_on_epoch, blobs, rng):
    """Training, and what is saved, are as without the rounding; validation is of the averages."""
    x, y = blobs
    bias = rng.standard_normal(16)

    def run(*callbacks):
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [keras.Input((8,)), ECDense(16), keras.layers.BatchNormalization(), ECDense(3)]
        )
        model.layers[0].bias.assign(bias)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        optimizer = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)
        model.compile(optimizer, loss, jit_compile=False)
        recorder = Recorder(lambda m: [array(v) for v in m.trainable_variables])
        swap = keras.callbacks.SwapEMAWeights(swap_on_epoch)
        history = model.fit(
            *(x, y),
            callbacks=[*callbacks, swap, recorder],
            epochs=3,
            validation_data=(x, y),
            shuffle=False,
            verbose=0,
        ).history
        return recorder, history

    (plain, expected), (rounded, history) = run(), run(HardenedValidation(24))
    for seen, unrounded in zip(
        [*rounded.batches, *rounded.epochs], [*plain.batches, *plain.epochs], strict=True
    ):
        for value, true in zip(seen, unrounded, strict=True):
            np.testing.assert_allclose(value, true, atol=1e-5)
    np.testing.assert_allclose(history["loss"], expected["loss"], atol=1e-5)
    # 24 bits of offsets, but 5 of scales
    np.testing.assert_allclose(history["val_loss"], expected["val_loss"], rtol=0.05)
    coarse, _ = run(HardenedValidation(2))
    np.testing.assert_allclose(coarse.epochs[-1][1], plain.epochs[-1][1], atol=1e-5)


def test_validation_leaves_seeds_alone(blobs):
    """Their states are vectors, too."""

    class Noise(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.seeds = keras.random.SeedGenerator(1234567)

        def call(self, inputs):
            return keras.random.dropout(inputs, 0.5, seed=self.seeds)

    model = keras.Sequential([keras.Input((8,)), Noise(), ECDense(3)])
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = [model.evaluate(*blobs, callbacks=[HardenedValidation()], verbose=0) for _ in range(2)]
    assert losses[0] != losses[1]


def test_validation_of_layers_in_half_precision(blobs):
    half = keras.layers.Dense(8, dtype="bfloat16")
    model = keras.Sequential([keras.Input((8,)), half, ECDense(3)])
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    bias = array(half.bias)
    loss = model.evaluate(*blobs, callbacks=[HardenedValidation(2)], verbose=0)
    assert np.isfinite(loss)
    np.testing.assert_array_equal(array(half.bias), bias)


def test_an_interrupted_validation(blobs, make_blob_model, rng):
    """The next one starts from the true biases; a late collection changes nothing."""
    x, y = blobs

    class Stop(keras.callbacks.Callback):
        def on_test_batch_begin(self, batch, logs=None):
            raise KeyboardInterrupt

    model = make_blob_model()
    bias = rng.standard_normal(16).astype("float32")
    model.layers[0].bias.assign(bias)
    validation = HardenedValidation(3)
    with pytest.raises(KeyboardInterrupt):
        model.evaluate(x, y, callbacks=[validation, Stop()], verbose=0)
    model.evaluate(x, y, callbacks=[validation], verbose=0)
    np.testing.assert_array_equal(array(model.layers[0].bias), bias)

    with pytest.raises(KeyboardInterrupt):
        model.evaluate(x, y, callbacks=[validation, Stop()], verbose=0)
    model.layers[0].bias.assign(2 * bias)
    del validation
    gc.collect()
    np.testing.assert_array_equal(array(model.layers[0].bias), 2 * bias)


# Freezing


@pytest.mark.parametrize("center_type", ["uniform", "free"])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_fine_tuning_moves_centers_and_biases_only(
    center_type, jit_compile, blobs, make_blob_model
):
    x, y = blobs
    model = make_blob_model(center_type=center_type, jit_compile=jit_compile)
    recorder = Recorder(
        lambda m: (
            indices(m),
            np.concatenate([array(w.centers.values()) for w in quantized_weights(m)]),
            array(m.layers[0].bias),
            state(m)[2],
        )
    )
    model.fit(
        x, y, epochs=4, callbacks=[HardenAssignments(fine_tune_epochs=2), recorder], verbose=0
    )
    (first, _, _, thawed), before, middle, after = recorder.epochs
    assert thawed == 0.0 and before[3] == 0.0 and middle[3] == after[3] == 1.0
    assert np.any(first != before[0])
    np.testing.assert_array_equal(after[0], before[0])
    np.testing.assert_array_equal(middle[0], before[0])
    assert np.all(np.abs(after[1] - middle[1])[after[1] != 0] > 0)
    assert np.any(after[2] != middle[2])
    np.testing.assert_array_equal(indices(model), before[0])


def test_training_goes_on_after_fine_tuning(blobs, make_blob_model):
    x, y = blobs
    model = make_blob_model()
    callback = HardenAssignments(fine_tune_epochs=1)
    for _ in range(2):
        before = indices(model)
        model.fit(x, y, epochs=3, callbacks=[callback], verbose=0)
        assert np.any(indices(model) != before)


@pytest.mark.parametrize("same_callback", [True, False])
def test_a_run_interrupted_while_frozen_can_be_begun_again(same_callback, blobs, make_blob_model):
    x, y = blobs
    model, callback = make_blob_model(), HardenAssignments(fine_tune_epochs=2)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, epochs=4, callbacks=[callback, Interrupt(3)], verbose=0)
    assert state(model)[2] == 1.0
    callback = callback if same_callback else HardenAssignments(fine_tune_epochs=2)
    recorder = Recorder(lambda m: (state(m)[2], indices(m)))
    model.fit(x, y, epochs=4, callbacks=[callback, recorder], verbose=0)
    assert [frozen for frozen, _ in recorder.epochs] == [0.0, 0.0, 1.0, 1.0]
    assert np.any(recorder.epochs[0][1] != recorder.epochs[1][1])
    assert state(model)[2] == 0.0


def test_moving_averages_of_weights_are_hardened_but_not_frozen(blobs, make_blob_model):
    x, y = blobs
    model = make_blob_model()
    optimizer = keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.9)
    model.compile(optimizer, model.loss)
    model.fit(x, y, epochs=2, verbose=0, callbacks=[HardenAssignments()])
    before = kernels(model)
    for weight, kernel in zip(quantized_weights(model), before, strict=True):
        np.testing.assert_array_equal(weight.hardened(), kernel)
    with pytest.raises(ValueError, match="Received: use_ema=True and 1 such epochs"):
        model.fit(x, y, epochs=2, verbose=0, callbacks=[HardenAssignments(fine_tune_epochs=1)])
    for kernel, unchanged in zip(kernels(model), before, strict=True):
        np.testing.assert_array_equal(kernel, unchanged)


def test_several_replicas_train_but_do_not_freeze():
    """In a process of its own: devices are split before TensorFlow starts."""
    script = """
import keras, keras_ec, numpy as np, tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, 2 * [tf.config.LogicalDeviceConfiguration()])
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    base = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8), keras.layers.Dense(2)])
    model = keras_ec.convert(base, 0.1, 64)
    model.compile("adam", "mse", jit_compile=False)
x, y = np.ones((64, 6)), np.ones((64, 2))
model.fit(x, y, epochs=2, verbose=0, callbacks=[keras_ec.callbacks.HardenAssignments()])
try:
    freezing = keras_ec.callbacks.HardenAssignments(fine_tune_epochs=1)
    model.fit(x, y, epochs=2, verbose=0, callbacks=[freezing])
except ValueError as error:
    print(model.optimizer.iterations.numpy(), error)
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("4 Expected a model that is trained by one replica"), done.stdout


def test_freezing_with_momentum_leaves_kernels_alone(blobs, make_blob_model):
    """Moments gathered before must not move them."""
    x, y = blobs
    model = make_blob_model()
    recorder = Recorder(kernels)
    model.fit(x, y, epochs=3, callbacks=[FreezeAssignments(2), recorder], verbose=0)
    for middle, after in zip(*recorder.epochs[1:], strict=True):
        np.testing.assert_array_equal(middle, after)


# Resuming


@pytest.mark.parametrize("interrupted_at", [2, 5])
def test_a_resumed_run_continues_its_schedule(interrupted_at, blobs, make_blob_model, tmp_path):
    x, y = blobs
    recorder = Recorder(lambda m: (*state(m), len(m.trainable_variables)))
    make_blob_model().fit(
        x, y, epochs=6, callbacks=[HardenAssignments(fine_tune_epochs=2), recorder], verbose=0
    )

    def run(*extra):
        model, recorded = make_blob_model(), Recorder(recorder.function)
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
        callbacks = [HardenAssignments(fine_tune_epochs=2), backup, recorded, *extra]
        with contextlib.suppress(KeyboardInterrupt):
            model.fit(x, y, epochs=6, callbacks=callbacks, verbose=0)
        return model, recorded

    first_model, first = run(Interrupt(interrupted_at))
    second_model, second = run()
    assert len(first.epochs) == interrupted_at
    assert first.epochs + second.epochs == recorder.epochs
    assert (first.batches + second.batches) == recorder.batches
    assert int(second_model.optimizer.iterations) == 6 * 6
    if interrupted_at == 5:
        np.testing.assert_array_equal(indices(first_model), indices(second_model))
    assert all(len(np.unique(kernel)) <= 5 for kernel in kernels(second_model))


# Beside other callbacks


def with_task_metric(model):
    """The loss holds the rate of weights, which hardening moves; this metric does not."""
    task = keras.metrics.SparseCategoricalCrossentropy(name="task", from_logits=True)
    model.compile(model.optimizer, model.loss, metrics=[task], jit_compile=False)
    return model


def test_early_stopping_and_checkpoints(blobs, make_blob_model, tmp_path):
    x, y = blobs
    model = with_task_metric(make_blob_model())
    path = tmp_path / "best.keras"
    callbacks = [
        HardenAssignments(fine_tune_epochs=2),
        keras.callbacks.EarlyStopping("bits_per_weight", mode="min", patience=0, baseline=1e-6),
        keras.callbacks.ModelCheckpoint(path, "val_task", mode="min", save_best_only=True),
    ]
    history = model.fit(
        x, y, epochs=6, callbacks=callbacks, validation_data=(x, y), verbose=0
    ).history
    assert len(history["loss"]) == 2  # no rate is below the baseline
    assert all(len(np.unique(kernel)) <= 5 for kernel in kernels(model))
    loaded = keras.models.load_model(path)
    harden(loaded)
    assert loaded.evaluate(x, y, verbose=0)[1] == pytest.approx(min(history["val_task"]), rel=5e-3)


def test_early_stopping_that_restores_weights_goes_in_front(blobs, make_blob_model):
    x, y = blobs
    model = with_task_metric(make_blob_model())
    callbacks = [
        keras.callbacks.EarlyStopping(
            "val_task", mode="min", patience=9, restore_best_weights=True
        ),
        HardenAssignments(fine_tune_epochs=1),
    ]
    history = model.fit(x, y, epochs=4, callbacks=callbacks, validation_data=(x, y), verbose=0)
    best = min(history.history["val_task"])
    assert model.evaluate(x, y, verbose=0)[1] == pytest.approx(best, rel=5e-3)
    assert all(len(np.unique(kernel)) <= 5 for kernel in kernels(model))
    before = model.get_weights()
    harden(model)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_checkpoint_of_a_frozen_epoch_trains_on(blobs, make_blob_model, tmp_path):
    """A model saved while frozen is a frozen one; the callback thaws it when not due."""
    x, y = blobs
    model = make_blob_model()
    path = tmp_path / "last.keras"
    callbacks = [HardenAssignments(fine_tune_epochs=1), keras.callbacks.ModelCheckpoint(path)]
    model.fit(x, y, epochs=2, callbacks=callbacks, verbose=0)
    loaded = keras.models.load_model(path)
    assert state(loaded)[2] == 1.0
    before = indices(loaded)
    loaded.fit(x, y, epochs=3, callbacks=[HardenAssignments()], verbose=0)
    assert state(loaded)[2] == 0.0
    assert np.any(indices(loaded) != before)
