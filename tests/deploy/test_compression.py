import os

import keras
import numpy as np
import pytest
from keras import layers

import keras_ec
from keras_ec import CorruptFileError, compress, decompress
from keras_ec.deploy.export import hardened_tflite
from keras_ec.layers import ECConv2D, ECDense
from keras_ec.traversal import quantized_weights


@pytest.fixture(scope="module")
def model():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            ECConv2D(6, 3, centers=5, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            ECDense(40, activation="relu", centers=5, center_type="free"),
            layers.Dense(3),
        ]
    )
    keras_ec.harden(model)
    return model


@pytest.fixture(scope="module")
def content(model):
    return hardened_tflite(model)


@pytest.mark.parametrize("as_text", [False, True])
def test_round_trip_of_a_file(content, as_text, tmp_path):
    source, target = tmp_path / "model.tflite", tmp_path / "model.ecz"
    source.write_bytes(content)
    if as_text:
        source, target = str(source), str(target)
    size = compress(source, target)
    assert size == os.path.getsize(target) < len(content) / 4
    assert decompress(target) == content
    assert sorted(os.listdir(tmp_path)) == ["model.ecz", "model.tflite"]


def test_a_keras_model_is_exported_on_the_way(model, content, tmp_path):
    size = compress(model, tmp_path / "model.ecz")
    assert size == os.path.getsize(tmp_path / "model.ecz")
    restored = decompress(tmp_path / "model.ecz")
    assert len(restored) == len(content)
    assert os.listdir(tmp_path) == ["model.ecz"]


def test_a_keras_model_is_calibrated_on_the_way(model, content, rng, tmp_path):
    x = rng.standard_normal((20, 8, 8, 2)).astype("float32")
    compress(model, tmp_path / "model.ecz", calibration=x)
    restored = decompress(tmp_path / "model.ecz")
    assert restored == hardened_tflite(model, x)
    assert len(restored) < len(content)


def test_files_are_not_calibrated(content, tmp_path):
    (tmp_path / "model.tflite").write_bytes(content)
    with pytest.raises(ValueError, match="Leave the examples out"):
        compress(tmp_path / "model.tflite", tmp_path / "model.ecz", np.zeros((20, 8, 8, 2)))
    assert os.listdir(tmp_path) == ["model.tflite"]


def bad_source(kind, folder):
    plain = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    if kind == "keras file":
        plain.save(folder / "source.keras")
        return folder / "source.keras"
    if kind in ("text", "nothing"):
        (folder / "source.tflite").write_bytes(b"no flatbuffer" * (kind == "text"))
        return folder / "source.tflite"
    if kind == "model without EC layers":
        return plain
    return keras.Sequential([ECDense(3)]) if kind == "model not built" else np.zeros(3)


KINDS = ["keras file", "text", "nothing", "model without EC layers", "model not built", "array"]


@pytest.mark.parametrize("kind", KINDS)
def test_bad_sources_leave_nothing_behind(kind, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir(), out.mkdir()
    (out / "kept.ecz").write_bytes(b"kept")
    for name in ("new.ecz", "kept.ecz"):
        with pytest.raises(ValueError):
            compress(bad_source(kind, folder), out / name)
    assert os.listdir(out) == ["kept.ecz"]
    assert (out / "kept.ecz").read_bytes() == b"kept"


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError):
        compress(tmp_path / "missing.tflite", tmp_path / "model.ecz")
    with pytest.raises(FileNotFoundError):
        decompress(tmp_path / "missing.ecz")
    assert os.listdir(tmp_path) == []


def test_damaged_archives(model, tmp_path):
    path = tmp_path / "model.ecz"
    compress(model, path)
    good = path.read_bytes()
    for bad in (b"", good[:-1], good[:20], good[1:], b"x" + good[1:], good + b"x"):
        path.write_bytes(bad)
        with pytest.raises(CorruptFileError):
            decompress(path)
    middle = len(good) // 2
    path.write_bytes(good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :])
    with pytest.raises(ValueError):
        decompress(path)


def sparse_kernel(rng, shape, spacing=2.0**-5, density=0.05):
    levels = rng.choice([-2, -1, 1, 2], shape, p=[0.1, 0.4, 0.4, 0.1])
    return (levels * (rng.random(shape) < density) * spacing).astype("float32")


def test_normalization_costs_at_most_five_per_cent(rng, tmp_path):
    """The same hardened kernels, with normalization or with biases."""
    centers = [k * 2.0**-5 for k in range(-2, 3)]
    first, second = sparse_kernel(rng, (3, 3, 32, 64)), sparse_kernel(rng, (3, 3, 64, 64))
    sizes = {}
    for normalized in (True, False):
        model = keras.Sequential([keras.Input((16, 16, 32))])
        for kernel in (first, second):
            model.add(ECConv2D(64, 3, use_bias=not normalized, centers=centers))
            model.layers[-1].kernel.assign(kernel)
            if normalized:
                model.add(layers.BatchNormalization())
            model.add(layers.ReLU())
        model.add(layers.GlobalAveragePooling2D())
        for layer in model.layers:
            for variable in layer.weights:
                if variable.name in ("gamma", "moving_variance"):
                    variable.assign(rng.lognormal(sigma=0.3, size=variable.shape))
                elif variable.name in ("beta", "moving_mean", "bias"):
                    variable.assign(0.2 * rng.standard_normal(variable.shape))
        keras_ec.harden(model)
        for weight, kernel in zip(quantized_weights(model), (first, second), strict=True):
            np.testing.assert_array_equal(weight.hardened(), kernel)
        sizes[normalized] = compress(model, tmp_path / "model.ecz")
    assert sizes[True] <= 1.05 * sizes[False], sizes


def test_models_with_nan_weights_are_refused(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras_ec.layers.ECDense(2)])
    model.layers[0].bias.assign([0.0, np.nan])
    for write in (keras_ec.compress, keras_ec.export_tflite):
        with pytest.raises(ValueError, match="not finite"):
            write(model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_targets_that_are_no_files_and_the_source_itself_stay(model, tmp_path):
    keras_ec.export_tflite(model, tmp_path / "model.tflite")
    before = (tmp_path / "model.tflite").read_bytes()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="regular file"):
        keras_ec.compress(tmp_path / "model.tflite", tmp_path / "pipe")
    with pytest.raises(ValueError, match="other than the source"):
        keras_ec.compress(tmp_path / "model.tflite", tmp_path / "model.tflite")
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "model.tflite").read_bytes() == before
