import json

import pytest
from configuration import Configuration, baseline_record, check_data
from settings import DEFAULTS


def test_settings_equal_to_their_defaults_change_no_name():
    default = DEFAULTS["keras_ec"]["alpha"]
    given = Configuration("lenet-5", "keras_ec", {"alpha": default})
    assert given.name() == Configuration("lenet-5", "keras_ec", {}).name()
    assert given.all_settings() == DEFAULTS["keras_ec"]


def test_whatever_is_trained_changes_the_name():
    configurations = [
        Configuration("lenet-5", "keras_ec", {}),
        Configuration("lenet-5", "keras_ec", {"alpha": 0.2}),
        Configuration("lenet-5", "keras_ec", {}, seed=1),
        Configuration("resnet-8", "keras_ec", {}),
        Configuration("lenet-5", "entropy_penalized", {}),
    ]
    assert len({c.name() for c in configurations}) == len(configurations)


def test_order_of_settings_does_not_matter():
    some = {"alpha": 0.2, "epochs": 7}
    other = dict(reversed(some.items()))
    names = [Configuration("vgg", "keras_ec", given).name() for given in (some, other)]
    assert names[0] == names[1]


def test_both_splits_share_the_training_but_not_the_result():
    validation, test = (
        Configuration("vgg", "keras_ec", {}, 0, split) for split in ("validation", "test")
    )
    assert validation.folder() == test.folder()
    assert validation.result_path() != test.result_path()


def test_unknown_settings_are_refused():
    with pytest.raises(ValueError, match="Received: alhpa"):
        Configuration("vgg", "keras_ec", {"alhpa": 1}).name()
    with pytest.raises(ValueError, match="Expected a method"):
        Configuration("vgg", "magic", {}).name()


def test_command_gives_the_same_configuration():
    settings = {"source": "keras_ec", "source_settings": {"alpha": 0.2}}
    configuration = Configuration("lenet-5", "nncodec", settings, 2, "test")
    words = configuration.command()
    read = {words[i][2:]: words[i + 1] for i in range(2, len(words), 2)}
    again = Configuration(
        read["network"],
        read["method"],
        json.loads(read["settings"]),
        int(read["seed"]),
        read["split"],
    )
    assert again.result_path() == configuration.result_path()


def test_other_data_than_the_float32_network_was_trained_on_are_refused():
    record = baseline_record("resnet-8")
    check_data(record, "CIFAR-10 (JPEG)")
    with pytest.raises(ValueError, match=r"Expected CIFAR-10 \(JPEG\).* Received: CIFAR-10\."):
        check_data(record, "CIFAR-10")
