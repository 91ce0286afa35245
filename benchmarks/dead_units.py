"""What removing dead units makes of the networks of keras_ec: sizes, errors, latency, memory.

Takes the trained networks that `int8_archives.py` takes, removes their dead units, rounds vectors
anew, and stores figures of both in `benchmarks/results/dead_units.json`. Rows of networks that are
not there stay. Both files run in processes of their own, in turns.

    python benchmarks/dead_units.py --data data --network lenet-300-100
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import baseline
import keras
import tflite_model
from configuration import RESULTS, baseline_record, check_data
from curves import Result
from datasets import Data, load
from inference_cost import meter_in_turns
from int8_archives import networks_of
from json_file import add_to_json
from methods.keras_ec import without_dead_units
from networks import DATA_OF, NETWORKS
from report import given, load_results

from keras_ec.deploy.archive import compress_bytes
from keras_ec.deploy.export import tflite_bytes

TURNS = 5
STORE = RESULTS / "dead_units.json"


def units(model: keras.Model) -> int:
    """Units and filters of all layers."""
    sizes = (getattr(layer, "units", getattr(layer, "filters", 0)) for layer in model.layers)
    return sum(sizes)


def measure(result: Result, path: Path, data: Data) -> dict[str, Any]:
    """Figures of one network with its dead units and without them.

    Args:
        result: of the network, on the test set.
        path: file of its hardened weights.
        data: the test set.

    Returns:
        `settings`, `seed`, and of both networks units, bytes of the .tflite file and of the
        archive, the error in percent, microseconds of one example and kilobytes that the
        interpreter takes.
    """
    model = baseline.load(result["network"])
    baseline.load_weights(model, path)
    smaller = without_dead_units(model, result["settings"]["vector_bits"])
    models = {"before": model, "after": smaller}
    files = {key: tflite_bytes(each) for key, each in models.items()}
    costs = meter_in_turns(files, TURNS)
    figures = {
        key: {
            "units": units(models[key]),
            "tflite_bytes": len(content),
            "archive_bytes": len(compress_bytes(content)),
            "error": tflite_model.error(content, data.x_eval, data.y_eval),
            **costs[key],
        }
        for key, content in files.items()
    }
    return {"settings": given(result), "seed": result["seed"], **figures}


def main() -> None:
    """Measures, prints and stores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=sorted(NETWORKS), nargs="*", default=list(NETWORKS))
    parser.add_argument("--data", type=Path, help="directory with the data; else Keras' own")
    arguments = parser.parse_args()
    before = json.loads(STORE.read_text()) if STORE.exists() else {}
    for network, results in load_results().items():
        if network in arguments.network:
            data = load(DATA_OF[network], arguments.data, "test")
            check_data(baseline_record(network), data.name)
            rows = {(row["settings"], row["seed"]): row for row in before.get(network, [])}
            for result, path in networks_of(results):
                row = measure(result, path, data)
                rows[row["settings"], row["seed"]] = row
                print(network, row, flush=True)
            ordered = sorted(rows.values(), key=lambda row: row["before"]["archive_bytes"])
            add_to_json(STORE, {network: ordered})


if __name__ == "__main__":
    main()
