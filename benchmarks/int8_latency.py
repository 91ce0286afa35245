"""LiteRT latency and memory of the same networks in float32 and in int8.

The float32 networks of the benchmark, as `export_tflite` writes them without and with examples to
calibrate on. They are not hardened, so that dense kernels have a scale for each channel in int8.
Each file runs in processes of its own, in turns; `benchmarks/results/int8_latency.json` gets
medians.

    python benchmarks/int8_latency.py --data data --network resnet-8
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import baseline
import numpy as np
from configuration import RESULTS
from datasets import load
from inference_cost import meter_in_turns
from json_file import add_to_json
from networks import DATA_OF, NETWORKS

from keras_ec.deploy.export import tflite_bytes

EXAMPLES, TURNS = 500, 5
STORE = RESULTS / "int8_latency.json"


def measure(network: str, examples: np.ndarray) -> dict[str, dict[str, float]]:
    """Medians over the turns, of float32 and of int8.

    Args:
        network: key of `networks.NETWORKS`.
        examples: to calibrate on.

    Returns:
        For both, `microseconds` of one example and `kilobytes` that the interpreter takes.
    """
    model = baseline.load(network)
    files = {"float32": tflite_bytes(model), "int8": tflite_bytes(model, examples)}
    return meter_in_turns(files, TURNS)


def main() -> None:
    """Measures, prints and stores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=sorted(NETWORKS), nargs="*", default=list(NETWORKS))
    parser.add_argument("--data", type=Path, help="directory with the data; else Keras' own")
    arguments = parser.parse_args()
    for network in arguments.network:
        x = load(DATA_OF[network], arguments.data, "validation").x
        examples = x[np.random.default_rng(0).choice(len(x), EXAMPLES, replace=False)]
        row = measure(network, examples)
        add_to_json(STORE, {network: row})
        print(network, row, flush=True)


if __name__ == "__main__":
    main()
