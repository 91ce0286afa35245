import json

import inference_cost
import int8_latency


def test_files_of_both_kinds_run_in_turns(monkeypatch, rng):
    sizes = []

    def meter(folder):
        sizes.append((folder / "decoded.tflite").stat().st_size)
        return {"microseconds": len(sizes) ** 2, "kilobytes": 7}

    monkeypatch.setattr("inference_cost.meter", meter)
    monkeypatch.setattr(int8_latency, "TURNS", 3)
    row = int8_latency.measure("lenet-300-100", rng.random((20, 28, 28, 1), "float32"))
    float32, int8 = sizes[:2]
    assert sizes == 3 * [float32, int8] and int8 < 0.3 * float32
    assert row == {
        "float32": {"microseconds": 9, "kilobytes": 7},
        "int8": {"microseconds": 16, "kilobytes": 7},
    }


def test_networks_in_int8_run_in_the_meter(tmp_path, rng):
    model = int8_latency.baseline.load("lenet-300-100")
    examples = rng.random((20, 28, 28, 1), "float32")
    content = int8_latency.tflite_bytes(model, examples)
    (tmp_path / "decoded.tflite").write_bytes(content)
    figures = inference_cost.meter(tmp_path)
    assert json.dumps(figures) and figures["microseconds"] > 0 and figures["kilobytes"] > 0
