"""What keeps centers from shrinking before a normalization is worth, on a small dense network.

Trains a network with batch normalization on a part of MNIST under the entropy penalty, briefly
with a high learning rate and long with a usual one: with the centers of the library, without their
least gap, and without memory of the largest gap as well.

    python benchmarks/shrinking_centers.py --data data
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tflite_model
from datasets import Data, load
from earlier_centers import EarlierUniformCenters
from json_file import write_json
from methods.keras_ec import train_and_ship
from settings import DEFAULTS
from training import fit

import keras_ec
from keras_ec.layers.center_types import CENTER_TYPES
from keras_ec.layers.uniform_centers import UniformCenters
from keras_ec.traversal import quantized_weights

RESULT = Path(__file__).parent / "results" / "shrinking_centers.json"
EXAMPLES = 10_000
PRETRAINING = {**DEFAULTS["keras_ec"], "epochs": 8, "rate": 1e-3, "shift": 0, "jit": True}
REGIMES = ({"epochs": 16, "rate": 5e-3}, {"epochs": 60, "rate": 2e-3})
SETTINGS = {
    **DEFAULTS["keras_ec"],
    "shift": 0,
    "jit": True,
    "alpha": 0.3,
    "distillation": 0.0,
    "fine_tune_epochs": 2,
    "vector_bits": 8,
}


class LargestCenters(EarlierUniformCenters):
    """Uniform centers with memory of the largest gap, but without a least one."""

    kind = "largest_uniform"

    def _assigning_gap(self) -> Any:
        return UniformCenters._assigning_gap(self)


VARIANTS = {
    EarlierUniformCenters.kind: "neither",
    LargestCenters.kind: "assignments by the largest gap",
    UniformCenters.kind: "and a least gap (the library)",
}


class RecordingHardening(keras_ec.callbacks.HardenAssignments):
    """Hardens, and keeps the least spacing of each kernel after an epoch, relative to the first."""

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Remembers the first spacings."""
        super().on_train_begin(logs)
        self.first = self._spacings()
        self.least = [1.0] * len(self.first)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Takes the present spacings into account."""
        super().on_epoch_end(epoch, logs)
        present = [now / first for now, first in zip(self._spacings(), self.first, strict=True)]
        self.least = list(map(min, self.least, present))

    def _spacings(self) -> list[float]:
        return [float(weight.centers.spacing()) for weight in quantized_weights(self.model)]


def pretrained(data: Data, folder: Path) -> keras.Model:
    """A float32 network of three dense layers, normalization behind the first two."""
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            keras.Input(data.x.shape[1:]),
            keras.layers.Flatten(),
            keras.layers.Dense(300, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.Dense(300, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.Dense(10),
        ]
    )
    fit(network, data, PRETRAINING, 0, folder)
    return network


def run(base: keras.Model, data: Data, regime: dict, variant: str, seed: int, folder: Path) -> dict:
    """Trains, ships and measures the network with one kind of centers."""
    settings = {**SETTINGS, **regime}
    keras.utils.set_random_seed(seed)
    model = keras_ec.convert(
        base, alpha=settings["alpha"], num_examples=len(data.x), center_type=variant
    )
    callback = RecordingHardening(
        fine_tune_epochs=settings["fine_tune_epochs"], vector_bits=settings["vector_bits"]
    )
    shipped = train_and_ship(model, base, data, settings, seed, folder, callback)
    return {
        **regime,
        "variant": variant,
        "seed": seed,
        "least_spacing": [round(value, 3) for value in callback.least],
        "payload_bytes": shipped.payload_bytes,
        "file_bytes": shipped.file_bytes,
        "validation_error": tflite_model.error(shipped.tflite, data.x_eval, data.y_eval),
    }


def summary(rows: list[dict]) -> str:
    """Medians over the seeds."""
    least = statistics.median(min(row["least_spacing"]) for row in rows)
    payload, error = (
        statistics.median(row[key] for row in rows) for key in ("payload_bytes", "validation_error")
    )
    return f"{payload:.0f} bytes at {error:.2f} %, least spacing {least:.3f}"


def main() -> None:
    """Runs all variants with some seeds and stores the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="directory with the data; else Keras' own")
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    CENTER_TYPES[LargestCenters.kind] = LargestCenters
    data = load("mnist", arguments.data, "validation")
    data = dataclasses.replace(data, x=data.x[:EXAMPLES], y=data.y[:EXAMPLES])
    rows = []
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent)
        base = pretrained(data, folder)
        for regime, variant in itertools.product(REGIMES, VARIANTS):
            for seed in range(arguments.seeds):
                target = folder / f"{regime['epochs']}-{variant}-{seed}"
                target.mkdir()
                rows.append(run(base, data, regime, variant, seed, target))
                print(rows[-1], flush=True)
    for (epochs, variant), found in itertools.groupby(rows, lambda r: (r["epochs"], r["variant"])):
        print(f"{epochs} epochs, {VARIANTS[variant]}: {summary(list(found))}")
    varied = {"largest_gap", *REGIMES[0]}
    settings = {key: value for key, value in SETTINGS.items() if key not in varied}
    content = {"settings": settings, "examples": EXAMPLES, "rows": rows}
    write_json(RESULT, content)


if __name__ == "__main__":
    main()
