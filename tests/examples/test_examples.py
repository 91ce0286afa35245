"""The examples run from the command line, and what they write holds together."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import keras_ec

EXAMPLES = Path(__file__).parents[2] / "examples"

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")
pytest.importorskip("ai_edge_litert")


def run(script, *arguments):
    """Runs an example; returns what it prints."""
    command = [sys.executable, str(EXAMPLES / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Folder that the digits example wrote, trained for a few epochs."""
    out = tmp_path_factory.mktemp("digits") / "new folder"
    run("digits.py", "--out", out, "--epochs", 3, "--base-epochs", 2, "--seed", 3)
    return out


def test_digits_decoded_file_is_the_exported_one(digits):
    assert keras_ec.decompress(digits / "model.ecz") == (digits / "model.tflite").read_bytes()


def test_digits_result_has_the_sizes_of_the_files(digits):
    result = json.loads((digits / "result.json").read_text())
    assert result["fp32_tflite_bytes"] == (digits / "fp32.tflite").stat().st_size
    assert result["ecz_bytes"] == (digits / "model.ecz").stat().st_size
    assert result["hardened_gzip_bytes"] == (digits / "model.tflite.gz").stat().st_size
    assert result["ecz_bytes"] < result["hardened_gzip_bytes"] < result["fp32_tflite_bytes"]
    assert result["seed"] == 3


def test_digits_accuracies_are_fractions_better_than_chance(digits):
    result = json.loads((digits / "result.json").read_text())
    for key in ("fp32_accuracy", "ecz_accuracy", "validation_accuracy"):
        assert 0.5 < result[key] <= 1.0


def test_digits_gzip_files_hold_the_models(digits):
    for name in ("fp32.tflite", "model.tflite"):
        packed = (digits / f"{name}.gz").read_bytes()
        assert gzip.decompress(packed) == (digits / name).read_bytes()


def test_digits_report_is_a_picture(digits):
    from matplotlib import image

    height, width, _ = image.imread(digits / "report.png").shape
    assert width > height > 500


def test_functional_model_compresses_and_strips_exactly(tmp_path):
    printed = run("functional_model.py", "--out", tmp_path, "--epochs", 2)
    assert "by_hand" in printed
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["ecz_bytes"] == (tmp_path / "model.ecz").stat().st_size
    assert result["ecz_bytes"] < result["fp32_bytes"] / 2
    assert result["strip_difference"] < 1e-5
    assert result["validation_accuracy"] > 0.3


@pytest.mark.parametrize("script", ["digits.py", "functional_model.py"])
def test_examples_explain_themselves(script):
    assert "--out" in run(script, "--help")


def test_litert_batches_make_no_difference(digits, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    import litert

    tflite = (digits / "model.tflite").read_bytes()
    x = np.random.default_rng(0).random((7, 8, 8, 1), "float32")
    whole, parts = litert.predict(tflite, x), litert.predict(tflite, x, batch=3)
    np.testing.assert_allclose(whole, parts, atol=1e-5)
    assert litert.accuracy(tflite, x, whole.argmax(-1)) == 1.0
    with pytest.raises(ValueError, match="at least one example"):
        litert.predict(tflite, x[:0])


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    """Small file of the layout of MNIST: noise around ten patterns."""
    rng = np.random.default_rng(0)
    patterns = rng.integers(0, 200, (10, 28, 28))
    arrays = {}
    for name, count in (("train", 256), ("test", 100)):
        labels = rng.integers(0, 10, count)
        arrays[f"x_{name}"] = (patterns[labels] + rng.integers(0, 56, (count, 28, 28))).astype("u1")
        arrays[f"y_{name}"] = labels.astype("u1")
    path = tmp_path_factory.mktemp("mnist") / "mnist.npz"
    np.savez(path, **arrays)
    return path


def mnist_result(mnist, out, *options):
    arguments = ("--data", mnist, "--out", out, "--epochs", 2, "--fp32-epochs", 1)
    run("mnist_lenet.py", *arguments, "--fine-tune-epochs", 1, *options)
    return json.loads((out / "result.json").read_text())


def test_mnist_result(mnist, tmp_path):
    result = mnist_result(mnist, tmp_path, "--network", "lenet-300-100")
    assert result["fp32_bytes"] == 4 * 266_610
    assert result["ecz_bytes"] == (tmp_path / "model.ecz").stat().st_size
    assert 0 < result["payload_bytes"] < result["ecz_bytes"]
    assert 0 <= result["fp32_test_error"] <= 100 and 0 <= result["ecz_test_error"] <= 100
    assert keras_ec.decompress(tmp_path / "model.ecz") == (tmp_path / "model.tflite").read_bytes()


def test_mnist_repeats_a_run_only_under_its_own_description(mnist, tmp_path):
    first = mnist_result(mnist, tmp_path)
    trained = (tmp_path / "model.keras").stat().st_mtime_ns
    assert mnist_result(mnist, tmp_path)["ecz_bytes"] == first["ecz_bytes"]
    assert (tmp_path / "model.keras").stat().st_mtime_ns == trained
    assert mnist_result(mnist, tmp_path, "--seed", 1)["seed"] == 1
    assert (tmp_path / "model.keras").stat().st_mtime_ns != trained
