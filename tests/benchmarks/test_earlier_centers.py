"""Centers that forget larger gaps at once."""

import keras
import numpy as np
import pytest

import keras_ec
from keras_ec.assignment import nearest


@pytest.mark.parametrize("kind", ["uniform", "free"])
def test_the_earlier_centers_decide_the_assignment(kind):
    from earlier_centers import EARLIER

    base = keras.Sequential([keras.Input((20,)), keras.layers.Dense(30)])
    model = keras_ec.convert(base, alpha=0.1, num_examples=10, center_type=EARLIER + kind)
    (weight,) = model.layers[0].quantized_weights
    (trained,) = weight.centers.trainable_variables
    assert trained.constraint is None
    model(np.ones((1, 20), "float32"), training=True)
    before = np.array(weight.indices())
    trained.assign(0.4 * np.array(trained))
    indices = np.array(weight.indices())
    assert np.array_equal(indices, nearest(weight.value(), weight.centers.values()))
    assert np.any(indices != before)
