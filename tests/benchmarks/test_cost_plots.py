import json

import cost_plots
import pytest

STORED = {
    "training_cost": {
        "lenet-300-100, jit_compile on": {
            variant: {"processor_ratio": 1.0 + i, "extra_megabytes": 10.0 * i}
            for i, variant in enumerate(("keras", "keras_ec", "keras 2", "tfmot pruning"))
        }
    },
    "cost_growth": {
        "jit_compile off": [
            {"weights": n, "centers": k, "milliseconds": n / 1e4}
            for n in (10**4, 10**5)
            for k in (3, 15)
        ],
        "jit_compile on": [{"weights": 10**4, "centers": 3, "milliseconds": 1.0}],
    },
    "training_step": {"memory": [{"weights": 10**6, "extra_bytes_per_weight": {"3": 12.0}}]},
    "coding_speed": {
        name: {
            key: {"million_symbols_per_cpu_second": 5.0}
            for key in ("encode", "compress", "decompress")
        }
        for name in ("tensorflow_compression", "portable")
    },
    "inference_cost": {
        f"{network}, int8 + xz (post_training-{i})": {"microseconds": 20.0 + i, "kilobytes": 500}
        for i, network in enumerate(("lenet-5", "lenet-300-100"))
    },
}
WORDS = {
    "training_cost": ("keras_ec", "tfmot pruning"),
    "cost_growth": ("K = 15",),
    "memory_growth": ("K = 3",),
    "coding_speed": ("tensorflow_compression", "encode and verify"),
    "inference_cost": ("lenet-5", "lenet-300-100"),
}


@pytest.fixture
def texts(monkeypatch):
    """SVG files that hold their words as text, not as outlines."""
    monkeypatch.setitem(cost_plots.SVG, "svg.fonttype", "none")


@pytest.mark.parametrize("name", cost_plots.PLOTS)
def test_plots_name_what_they_compare(name, tmp_path, texts):
    source, draw = cost_plots.PLOTS[name]
    draw(STORED[source], tmp_path / "plot.svg")
    text = (tmp_path / "plot.svg").read_text()
    assert all(word in text for word in WORDS[name])


def test_missing_measurements_are_named(tmp_path, capsys):
    (tmp_path / "coding_speed.json").write_text(json.dumps(STORED["coding_speed"]))
    cost_plots.main(tmp_path)
    assert [path.name for path in tmp_path.glob("*.svg")] == ["coding_speed.svg"]
    assert "inference_cost: left out" in capsys.readouterr().out
