"""Archives of int8 networks: what the networks of keras_ec come to when they compute in int8.

Takes the trained networks that `point.py` left in `benchmarks/cache` and whose results on the
test set are stored, one seed of each, calibrates each on training examples, and stores sizes and
errors in `benchmarks/results/int8_archives.json`. Rows of networks that are not there stay.

    python benchmarks/int8_archives.py --data data --network resnet-8
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import baseline
import numpy as np
import tflite_model
from configuration import RESULTS, Configuration, baseline_record, check_data
from curves import Result, label
from datasets import Data, load
from json_file import add_to_json
from networks import DATA_OF, NETWORKS
from report import given, load_results

from keras_ec.deploy.archive import compress_bytes
from keras_ec.deploy.calibration import representative_dataset
from keras_ec.deploy.export import converted, deployable, tflite_bytes

EXAMPLES = 500
STORE = RESULTS / "int8_archives.json"


def networks_of(results: list[Result]) -> list[tuple[Result, Path]]:
    """Present points of keras_ec on the test set, and where their networks are, a seed of each."""
    found = {}
    for result in sorted(results, key=lambda r: r["seed"]):
        name = label(result)
        other = "earlier" in name or "dead units removed" in name
        if name.split(",")[0] == "keras_ec" and not other:
            settings, seed = result["settings"], result["seed"]
            path = Configuration(result["network"], "keras_ec", settings, seed).folder()
            if result["split"] == "test" and (path / "network.npz").exists():
                found.setdefault(given(result), (result, path / "network.npz"))
    return sorted(found.values(), key=lambda pair: pair[0]["payload_bytes"])


def stored(network: str) -> list[dict[str, Any]]:
    """Rows that were measured before."""
    return json.loads(STORE.read_text()).get(network, []) if STORE.exists() else []


def measure(result: Result, path: Path, data: Data) -> dict[str, Any]:
    """Sizes and errors of one network in float32 and in int8.

    Args:
        result: of the network in float32, on the test set.
        path: file of its hardened weights.
        data: to calibrate on, and the test set.

    Returns:
        Bytes of files and errors in percent; `converter` is the converter's own int8 network.
    """
    model = baseline.load(result["network"])
    baseline.load_weights(model, path)
    examples = data.x[np.random.default_rng(0).choice(len(data.x), EXAMPLES, replace=False)]
    float32, exact = tflite_bytes(model), tflite_bytes(model, examples)
    network = deployable(model)
    rounded = converted(network, representative_dataset(examples, network.inputs))
    return {
        "settings": given(result),
        "seed": result["seed"],
        "float32_archive_bytes": len(compress_bytes(float32)),
        "float32_error": tflite_model.error(float32, data.x_eval, data.y_eval),
        "int8_bytes": len(exact),
        "int8_archive_bytes": len(compress_bytes(exact)),
        "int8_error": tflite_model.error(exact, data.x_eval, data.y_eval),
        "converter_archive_bytes": len(compress_bytes(rounded)),
        "converter_error": tflite_model.error(rounded, data.x_eval, data.y_eval),
    }


def main() -> None:
    """Measures, prints and stores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=sorted(NETWORKS), nargs="*", default=list(NETWORKS))
    parser.add_argument("--data", type=Path, help="directory with the data; else Keras' own")
    arguments = parser.parse_args()
    for network, results in load_results().items():
        if network in arguments.network:
            data = load(DATA_OF[network], arguments.data, "test")
            check_data(baseline_record(network), data.name)
            rows = {(row["settings"], row["seed"]): row for row in stored(network)}
            for result, path in networks_of(results):
                row = measure(result, path, data)
                rows[row["settings"], row["seed"]] = row
                print(network, row, flush=True)
            ordered = sorted(rows.values(), key=lambda row: row["float32_archive_bytes"])
            add_to_json(STORE, {network: ordered})


if __name__ == "__main__":
    main()
