import keras
import numpy as np
import pytest
from keras import layers

import keras_ec
from keras_ec.layers import ECDense
from keras_ec.report import weight_rows


@pytest.fixture
def model():
    """Half of the first kernel at zero, a quarter at each of two values."""
    model = keras.Sequential(
        [
            keras.Input((8,)),
            ECDense(8, centers=[-0.5, 0.0, 0.5, 1.0], name="body"),
            layers.Dense(2, name="head"),
        ]
    )
    model.layers[0].kernel.assign(np.resize([0.01, -0.5, 0.02, 0.51], (8, 8)))
    return model


def test_rows(model):
    body, head = weight_rows(model)
    assert (body.name, body.kind, body.shape, body.weights) == (
        "body/kernel",
        "ECDense",
        (8, 8),
        64,
    )
    assert (body.centers, body.centers_in_use, body.non_zeros) == (4, 3, 32)
    assert body.bits == pytest.approx(96) and body.bits_per_weight == pytest.approx(1.5)
    assert body.bytes == 12
    assert (head.name, head.kind, head.weights, head.centers) == ("head/kernel", "Dense", 16, 0)
    assert head.bits == 512 and head.bytes == 64


def test_names_are_not_taken_for_markup():
    model = keras.Sequential([keras.Input((4,)), ECDense(3, name="a[bold]")], name="net[red]")
    lines = []
    keras_ec.summary(model, print_fn=lines.append)
    assert "a[bold]/kernel" in lines[0] and "'net[red]'" in lines[0]


def test_summary_text(model):
    lines = []
    keras_ec.summary(model, print_fn=lines.append)
    (text,) = lines
    for entry in (
        "body/kernel",
        "3 of 4",
        "32 (50.0%)",
        "1.500",
        "12",
        "head/kernel *",
        "80",
        "76",
    ):
        assert entry in text


def test_summary_to_the_terminal(model, capsys):
    keras_ec.summary(model)
    assert "body/kernel" in capsys.readouterr().out


def test_summary_changes_nothing(model):
    before = model.get_weights()
    keras_ec.summary(model, print_fn=lambda text: None)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_shared_weights_count_once():
    inputs, shared = keras.Input((4,)), ECDense(4)
    assert len(weight_rows(keras.Model(inputs, shared(shared(inputs))))) == 1


def test_no_ec_layers():
    with pytest.raises(ValueError, match="no EC layer"):
        keras_ec.summary(keras.Sequential([keras.Input((3,)), layers.Dense(2)]))
