import baseline
import int8_archives
import numpy as np
from configuration import Configuration
from datasets import Data

PRESENT = {"restart": True, "largest_gap": True}


def test_present_networks_that_were_tested_are_taken(make_result, tmp_path, monkeypatch):
    monkeypatch.setattr("configuration.CACHE", tmp_path)
    results = [
        make_result(settings={**PRESENT, "alpha": alpha}, split="test", payload_bytes=size)
        for alpha, size in ((0.1, 4000), (0.3, 2000), (0.5, 1000))
    ]
    other = {**PRESENT, "alpha": 0.9}
    results += [
        make_result(settings=other, split="test", seed=s, payload_bytes=500) for s in (2, 1)
    ]
    removed = {**PRESENT, "alpha": 0.3, "remove_dead": True}
    results.append(make_result(settings=removed, split="test", payload_bytes=10))
    results.append(make_result(settings=PRESENT))  # of the validation split
    results.append(make_result(split="test"))  # earlier
    for result in (r for r in results if r["settings"]["alpha"] != 0.5):
        settings = result["settings"]
        folder = Configuration(result["network"], "keras_ec", settings, result["seed"]).folder()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "network.npz").touch()
    found = int8_archives.networks_of(results)
    assert [result["settings"]["alpha"] for result, _ in found] == [0.9, 0.3, 0.1]
    assert found[0][0]["seed"] == 1
    assert all(path.exists() for _, path in found)


def test_int8_archives_hold_the_levels(make_result, tmp_path, monkeypatch, rng):
    monkeypatch.setattr(int8_archives, "EXAMPLES", 20)
    model = baseline.load("lenet-300-100")
    for variable in model.trainable_variables:
        levels = np.clip(np.round(np.array(variable) / 0.1), -7, 7)
        variable.assign(0.1 * levels.astype("float32"))
    baseline.save_weights(model, tmp_path / "network.npz")
    x = rng.random((40, 28, 28, 1), "float32")
    data = Data(x, np.zeros(40, int), x, np.asarray(model(x)).argmax(-1), "MNIST")
    row = int8_archives.measure(make_result(split="test"), tmp_path / "network.npz", data)
    assert row["int8_archive_bytes"] < row["converter_archive_bytes"]
    assert row["int8_bytes"] > 3 * row["int8_archive_bytes"]
    assert row["int8_error"] <= 10
