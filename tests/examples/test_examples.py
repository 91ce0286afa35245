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
    assert result["int8_ecz_bytes"] == (digits / "int8.ecz").stat().st_size
    assert result["hardened_gzip_bytes"] == (digits / "model.tflite.gz").stat().st_size
    assert result["ecz_bytes"] < result["hardened_gzip_bytes"] < result["fp32_tflite_bytes"]
    assert result["seed"] == 3


def test_digits_accuracies_are_fractions_better_than_chance(digits):
    result = json.loads((digits / "result.json").read_text())
    for key in ("fp32_accuracy", "ecz_accuracy", "int8_accuracy", "validation_accuracy"):
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
