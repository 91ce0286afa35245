import math

import keras
import pytest

from keras_ec.regularizers import EntropyRegularizer


def test_penalty_is_bits_in_nats_per_example():
    penalty = EntropyRegularizer(alpha=0.25, num_examples=500)
    assert float(penalty(1000.0)) == pytest.approx(0.25 * 1000 * math.log(2) / 500)


def test_zero_alpha_costs_nothing():
    assert float(EntropyRegularizer(0, 10)(1e9)) == 0.0


def test_serialization():
    penalty = EntropyRegularizer(alpha=0.25, num_examples=500, rate_model="order_0")
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(penalty))
    assert isinstance(restored, EntropyRegularizer)
    expected = {"alpha": 0.25, "num_examples": 500, "rate_model": "order_0"}
    assert restored.get_config() == penalty.get_config() == expected


@pytest.mark.parametrize("alpha", [-0.1, math.nan, math.inf])
def test_bad_alpha(alpha):
    with pytest.raises(ValueError, match="alpha"):
        EntropyRegularizer(alpha, 100)


@pytest.mark.parametrize("num_examples", [0, -5, 0.5, 1.5, "60000", math.nan, math.inf])
def test_bad_num_examples(num_examples):
    with pytest.raises(ValueError, match="num_examples"):
        EntropyRegularizer(0.2, num_examples)


@pytest.mark.parametrize("rate_model", ["order-0", ["order_0"], None])
def test_bad_rate_model(rate_model):
    with pytest.raises(ValueError, match=r"rate_model.*order_0"):
        EntropyRegularizer(0.2, 100, rate_model=rate_model)
