"""Shared settings and fixtures."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from hypothesis import settings

if importlib.util.find_spec("tensorflow_compression_ops"):
    import tensorflow  # noqa: F401, its range coder is used where TensorFlow is imported

settings.register_profile("repeatable", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def _same_start():
    """Every test starts from the same seed and leaves no dtype policy behind."""
    np.random.seed(0)
    keras = sys.modules.get("keras")
    if keras is None:
        yield
        return
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")


def _environment(folder, *packages):
    """Interpreter of a new environment that holds some installed packages and keras_ec alone."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for name in (*packages, "keras_ec"):
        source = Path(importlib.util.find_spec(name).origin).parent
        (site / name).symlink_to(source)
        libraries = source.with_name(f"{name}.libs")
        if libraries.exists():
            (site / libraries.name).symlink_to(libraries)
    return folder / "bin" / "python"


@pytest.fixture(scope="session")
def numpy_python(tmp_path_factory):
    """Interpreter of an environment with nothing but NumPy and keras_ec."""
    return _environment(tmp_path_factory.mktemp("numpy"), "numpy")


@pytest.fixture(scope="session")
def base_python(tmp_path_factory):
    """Interpreter of an environment as `pip install keras_ec` makes it: no TensorFlow."""
    rich = ("rich", "pygments", "markdown_it", "mdurl")
    return _environment(tmp_path_factory.mktemp("base"), "numpy", "tflite", "flatbuffers", *rich)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def blobs():
    """192 points of three classes in eight dimensions, a little noisy."""
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 3, 192)
    means = rng.normal(size=(3, 8))
    points = means[labels] + 0.7 * rng.normal(size=(192, 8))
    return points.astype("float32"), labels.astype("int32")


@pytest.fixture
def make_blob_model():
    """Compiled model for `blobs` with two EC layers; arguments go to both."""
    import keras

    from keras_ec.layers import ECDense
    from keras_ec.regularizers import EntropyRegularizer

    def make(alpha=0.3, jit_compile=False, learning_rate=0.01, run_eagerly=False, **arguments):
        arguments = {
            "entropy_regularizer": EntropyRegularizer(alpha, 192),
            "centers": 5,
            **arguments,
        }
        model = keras.Sequential(
            [
                keras.Input((8,)),
                ECDense(16, activation="relu", **arguments),
                ECDense(3, **arguments),
            ]
        )
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            jit_compile=jit_compile,
            run_eagerly=run_eagerly,
        )
        return model

    return make
