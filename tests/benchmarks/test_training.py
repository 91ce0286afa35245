import baseline
import keras
import networks
import numpy as np
import pytest
from datasets import Data
from settings import DEFAULTS
from training import fit

SETTINGS = {**DEFAULTS["keras_ec"], "epochs": 3, "batch": 8}


class Interruption(keras.callbacks.Callback):
    """Stops the program at the begin of the last epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


@pytest.fixture
def data():
    x = np.random.default_rng(0).random((16, 6, 6, 1), "float32")
    return Data(x, np.arange(16) % 3, x, np.arange(16) % 3, "noise", shift=1)


def network():
    return keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])


def test_stopped_training_continues_from_its_last_epoch(tmp_path, data):
    with pytest.raises(KeyboardInterrupt):
        fit(network(), data, SETTINGS, 0, tmp_path, [Interruption()])
    model = network()
    fit(model, data, SETTINGS, 0, tmp_path)
    epochs = [line.split(",")[0] for line in (tmp_path / "training.csv").read_text().splitlines()]
    assert epochs == ["epoch", "0", "1", "2"]
    assert int(model.optimizer.iterations) == 6


class LearningRates(keras.callbacks.Callback):
    """Remembers the learning rate at the begin of each epoch."""

    def on_train_begin(self, logs=None):
        self.seen = []

    def on_epoch_begin(self, epoch, logs=None):
        self.seen.append(float(self.model.optimizer.learning_rate))


@pytest.mark.parametrize("restart", [False, True])
def test_learning_rate_starts_anew_for_frozen_epochs(restart, tmp_path, data):
    rates = LearningRates()
    fit(
        network(),
        data,
        {**SETTINGS, "restart": restart, "fine_tune_epochs": 1},
        0,
        tmp_path,
        [rates],
    )
    assert rates.seen[0] == pytest.approx(SETTINGS["rate"])
    assert rates.seen[1] < 0.8 * SETTINGS["rate"]
    assert (rates.seen[2] > 0.99 * SETTINGS["rate"]) == restart


def test_same_seed_trains_the_same_network(tmp_path, data):
    weights = []
    for run in range(2):
        keras.utils.set_random_seed(1)
        model = network()
        (tmp_path / str(run)).mkdir()
        fit(model, data, SETTINGS, 1, tmp_path / str(run))
        weights.append(model.get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))


def test_a_policy_changes_no_weights():
    base = networks.NETWORKS["resnet-8"]()
    copy = baseline.under_policy(base, "mixed_bfloat16")
    assert {layer.compute_dtype for layer in copy.layers} == {"bfloat16"}
    assert keras.config.dtype_policy().name == "float32"
    assert all(map(np.array_equal, copy.get_weights(), base.get_weights()))


@pytest.mark.parametrize(("name", "parameters"), [(None, 78_666), ("vgg", 1_080_170)])
def test_the_teacher_is_the_network_itself_unless_another_is_named(name, parameters):
    base = networks.NETWORKS["resnet-8"]()
    settings = {**DEFAULTS["keras_ec"], "teacher": name, "policy": "mixed_bfloat16"}
    teacher = baseline.teacher_of(base, settings)
    assert teacher.count_params() == parameters
    assert {layer.compute_dtype for layer in teacher.layers} == {"bfloat16"}
    expected = baseline.load(name) if name else base
    assert all(map(np.array_equal, teacher.get_weights(), expected.get_weights()))


@pytest.mark.parametrize(
    "settings",
    [{"teacher": "vgg", "distillation": 0.0}, {"teacher": "resnet-8"}, {"teacher": "lenet-5"}],
    ids=["not asked", "itself", "other data"],
)
def test_teachers_that_make_no_sense_are_refused(settings):
    base = networks.NETWORKS["resnet-8"]()
    with pytest.raises(ValueError, match="another network than resnet-8, trained on CIFAR-10"):
        baseline.teacher_of(base, {**DEFAULTS["keras_ec"], **settings})
