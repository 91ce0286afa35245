import baseline
import dead_units
import numpy as np
import pytest
from datasets import Data


@pytest.mark.parametrize("dead", [0, 200])
def test_figures_of_both_networks(dead, make_result, tmp_path, monkeypatch, rng):
    monkeypatch.setattr(dead_units, "TURNS", 3)
    figures = iter([9.0, 5.0, 7.0, 3.0, 8.0, 4.0])
    monkeypatch.setattr("inference_cost.meter", lambda folder: {"microseconds": next(figures)})
    model = baseline.load("lenet-300-100")
    first = next(layer for layer in model.layers if getattr(layer, "units", 0) == 300)
    kernel = np.array(first.kernel)
    kernel[:, 300 - dead :] = 0.0
    first.kernel.assign(kernel)
    baseline.save_weights(model, tmp_path / "network.npz")
    x = rng.random((40, 28, 28, 1), "float32")
    data = Data(x, np.zeros(40, int), x, np.asarray(model(x)).argmax(-1), "MNIST")
    row = dead_units.measure(make_result(split="test"), tmp_path / "network.npz", data)
    before, after = row["before"], row["after"]
    assert (before["units"], after["units"]) == (410, 410 - dead)
    assert (before["error"], before["microseconds"], after["microseconds"]) == (0.0, 8.0, 4.0)
    assert after["error"] <= 10
    kernels = 4 * (784 + 100) * dead
    assert before["tflite_bytes"] - after["tflite_bytes"] == pytest.approx(kernels, rel=0.01)
    assert (after["archive_bytes"] < before["archive_bytes"]) == bool(dead)
