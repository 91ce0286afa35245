import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from keras import layers, ops

from keras_ec.deploy.export import hardened_tflite
from keras_ec.deploy.exportable import check_exportable
from keras_ec.layers import ECDense


def recurrent(batch_size, **options):
    memory = layers.Bidirectional(layers.GRU(4, **options))
    return keras.Sequential([keras.Input((5, 3), batch_size=batch_size), memory, ECDense(2)])


@pytest.mark.parametrize("batch_size, options", [(1, {}), (None, {"unroll": True})])
def test_recurrent_layers(batch_size, options, rng):
    model = recurrent(batch_size, **options)
    check_exportable(model)
    x = rng.standard_normal((1, 5, 3)).astype("float32")
    interpreter = Interpreter(model_content=hardened_tflite(model))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    outputs = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(outputs, ops.convert_to_numpy(model(x)), atol=1e-5)


def test_recurrent_layers_with_batches_of_any_size_are_refused():
    with pytest.raises(ValueError, match=r"gru\w*' cannot be .* batch_size=1"):
        check_exportable(recurrent(None))


def nested(**options):
    """A normalization in a model in a model, whose call gets the options."""
    inner = keras.Sequential([keras.Input((3,)), layers.BatchNormalization()], name="inner")
    inputs = keras.Input((4,))
    outer = keras.Model(inputs, inner(ECDense(3)(inputs), **options))
    return keras.Sequential([keras.Input((4,)), outer])


def test_normalization_by_the_batch_is_refused():
    with pytest.raises(ValueError, match="'inner' is called with training=True"):
        check_exportable(nested(training=True))
    check_exportable(nested(training=False))
    check_exportable(nested())


def test_other_layers_may_be_called_as_in_training():
    inputs = keras.Input((4,))
    check_exportable(keras.Model(inputs, ECDense(3)(inputs, training=True)))
