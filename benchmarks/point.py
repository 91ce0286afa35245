"""Runs one point of the benchmark and stores its result; does nothing if it is stored.

python benchmarks/point.py --network lenet-5 --method tfmot --settings '{"sparsity": 0.95}'
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shlex
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# TensorFlow leaves it off on some processors, where most convolutions are slower without it
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import baseline
import keras
import tflite_model
from configuration import Configuration, baseline_record, check_data
from datasets import SPLITS, Data, load
from json_file import write_json
from networks import DATA_OF
from settings import DEFAULTS
from shipped import Shipped, stored


def run(configuration: Configuration, data_path: Path | None) -> dict:
    """Compresses a pretrained network and measures what is shipped.

    Args:
        configuration: what to run.
        data_path: see `datasets.load`.

    Returns:
        The result. On the validation split `test_error` is None and `validation_error` is
        there too: the test set is not read.

    Raises:
        ValueError: if these are not the data that the float32 network was trained on.
    """
    network, split = configuration.network, configuration.split
    data = load(DATA_OF[network], data_path, split)
    record = baseline_record(network)
    check_data(record, data.name)
    shipped, seconds = compressed(configuration, data)
    error = tflite_model.error(shipped.tflite, data.x_eval, data.y_eval)
    result = {
        "network": network,
        "data": data.name,
        "method": configuration.method,
        "settings": configuration.all_settings(),
        "seed": configuration.seed,
        "fp32_bytes": 4 * record["parameters"],
        "payload_bytes": shipped.payload_bytes,
        "file_bytes": shipped.file_bytes,
        "fp32_test_error": record["test_error"],
        "test_error": error if split == "test" else None,
        "split": split,
        "command": shlex.join(configuration.command()),
        "seconds": round(seconds, 1),
    }
    return result if split == "test" else {**result, "validation_error": error}


def compressed(configuration: Configuration, data: Data) -> tuple[Shipped, float]:
    """What a configuration ships, and how many seconds it took; stored for the other split."""
    folder = configuration.folder()
    folder.mkdir(parents=True, exist_ok=True)
    if found := stored(folder):
        return found
    started = time.time()
    base = baseline.load(configuration.network)
    keras.utils.set_random_seed(configuration.seed)
    method = importlib.import_module(f"methods.{configuration.method}")
    settings = configuration.all_settings()
    shipped = method.compress(base, data, settings, configuration.seed, folder)
    shipped.save(time.time() - started)
    return shipped, time.time() - started


def main() -> None:
    """Runs the point that the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", required=True)
    parser.add_argument("--method", choices=sorted(DEFAULTS), required=True)
    parser.add_argument("--settings", type=json.loads, default={}, help="JSON object")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=SPLITS, default="validation")
    parser.add_argument("--data", type=Path, help="directory with the data; else Keras' own")
    arguments = vars(parser.parse_args())
    data = arguments.pop("data")
    configuration = Configuration(**arguments)
    path = configuration.result_path()
    if not path.exists():
        result = run(configuration, data)
        write_json(path, result)
    print(path.read_text())


if __name__ == "__main__":
    main()
