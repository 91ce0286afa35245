import keras
import numpy as np
import pytest

pytest.importorskip("ai_edge_litert")


@pytest.fixture(scope="module")
def network():
    """A dense layer, and the .tflite file of it."""
    from keras_ec.deploy.export import tflite_bytes

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    return model, tflite_bytes(model)


def test_constants_are_the_weights_alone(network):
    import tflite_model

    model, content = network
    kernel, bias = model.get_weights()
    found = np.frombuffer(tflite_model.constants(content), "float32")
    assert sorted(found) == pytest.approx(sorted([*kernel.ravel(), *bias]))


def test_error_is_the_share_of_other_classes(network):
    import tflite_model

    model, content = network
    x = np.random.default_rng(1).normal(size=(20, 4)).astype("float32")
    outputs = tflite_model.predict(content, x)
    assert np.allclose(outputs, model.predict(x, verbose=0), atol=1e-5)
    classes = outputs.argmax(-1)
    classes[:5] = (classes[:5] + 1) % 3
    assert tflite_model.error(content, x, classes) == 25
