import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_ec
from keras_ec.learning_rate import restarted_cosine

SIZES = [(12, 40, 5), (352, 12, 2), (391, 40, 5), (5000, 30, 4), (1000, 100, 50), (7, 10, 9)]


@pytest.mark.parametrize(("steps", "epochs", "frozen"), SIZES)
def test_falls_twice(steps, epochs, frozen):
    rate = restarted_cosine(0.5, steps, epochs, frozen, last=0.02)
    border, end = steps * (epochs - frozen), steps * epochs
    first = keras.optimizers.schedules.CosineDecay(0.5, border, alpha=0.02)
    for step in (0, border // 3, border // 2, border - 1):
        assert float(rate(step)) == pytest.approx(float(first(step)), rel=1e-3)
    second = keras.optimizers.schedules.CosineDecay(0.5, end - border, alpha=0.02)
    for step in (0, 1, (end - border) // 2, end - border - 1, end - border, 10 * end):
        assert float(rate(border + step)) == pytest.approx(float(second(step)), rel=1e-3)


def test_one_cosine_without_frozen_epochs():
    rate = restarted_cosine(0.5, 10, 4, 0)
    expected = keras.optimizers.schedules.CosineDecay(0.5, 40, alpha=0.01)
    assert [float(rate(s)) for s in range(40)] == [float(expected(s)) for s in range(40)]


def test_optimizers_take_and_save_it():
    optimizer = keras.optimizers.Adam(restarted_cosine(0.5, 10, 4, 1))
    copy = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert float(copy.learning_rate) == pytest.approx(0.5)
    assert copy.get_config() == optimizer.get_config()


def test_training_longer_than_planned_keeps_the_last_rate(blobs, make_blob_model):
    x, y = blobs
    model = make_blob_model()
    rate = restarted_cosine(2e-3, steps_per_epoch=1, epochs=3, fine_tune_epochs=1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss)
    model.fit(x, y, batch_size=64, epochs=3, verbose=0)
    assert float(model.optimizer.learning_rate) == pytest.approx(2e-5)
    assert all(np.all(np.isfinite(weight)) for weight in model.get_weights())


def test_compiled_models_load_in_a_fresh_process(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras_ec.layers.ECDense(3)])
    numbers = (np.float32(0.5), np.int64(10), np.int64(4))
    model.compile(keras.optimizers.Adam(restarted_cosine(*numbers, 0, np.float32(0.01))), "mse")
    model.save(tmp_path / "one_cosine.keras")
    model.compile(keras.optimizers.Adam(restarted_cosine(*numbers, np.int64(1))), "mse")
    model.save(tmp_path / "model.keras")
    script = (
        "import sys, keras_ec.layers, keras\n"
        "print(keras.models.load_model(sys.argv[1]).optimizer.get_config()['learning_rate'])\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "model.keras")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert "RestartedCosine" in result.stdout, result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 10, 4, 1), "learning rate > 0"),
        ((float("nan"), 10, 4, 1), "learning rate > 0"),
        (("0.1", 10, 4, 1), "learning rate > 0"),
        ((0.1, 10, 4, 1, 2.0), "last share"),
        ((0.1, 0, 4, 1), ">= 1. Received: steps_per_epoch=0"),
        ((0.1, 10, 4.5, 1), r"epochs=4\.5"),
        ((0.1, 10, 4, -1), ">= 0. Received: fine_tune_epochs=-1"),
        ((0.1, 10, 4, 4), "fewer `fine_tune_epochs`"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        restarted_cosine(*arguments)
