"""Trains a network of the benchmarks: in float32, then under the entropy penalty.

The float32 network is cached and both trainings continue after an interruption.

    python benchmarks/train.py --network resnet-8 --data cifar10_jpeg.tar.gz --out runs/resnet-8
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
from datasets import Data, augmented, load
from networks import NETWORKS

import keras_ec
from keras_ec import schedules

BATCH = 128
DATA = {"lenet-300-100": "mnist", "lenet-5": "mnist"}


def fit(
    model: keras.Model, data: Data, rate: float, epochs: int, out: Path, callbacks: list
) -> keras.Model:
    """Trains with Adam, the learning rate falling on a cosine; saves `out`.

    Args:
        model: the network.
        data: what to train on.
        rate: first learning rate.
        epochs: number of epochs.
        out: `.keras` file to write; beside it go the log and the backup.
        callbacks: further callbacks.

    Returns:
        The trained network, or the one in `out` if it is there.
    """
    if out.exists():
        return keras.models.load_model(out)
    steps = -(-len(data.x) // BATCH) * epochs
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(rate, steps, alpha=0.01)
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    model.fit(
        augmented(data, BATCH, seed=0),
        epochs=epochs,
        validation_data=(data.x_eval, data.y_eval),
        validation_batch_size=500,
        callbacks=[
            *callbacks,
            keras.callbacks.CSVLogger(out.with_suffix(".csv"), append=True),
            keras.callbacks.BackupAndRestore(out.with_suffix(".backup")),
        ],
        verbose=2,
    )
    model.save(out)
    return model


def main() -> None:
    """Trains, exports, compresses and writes what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=sorted(NETWORKS), required=True)
    parser.add_argument("--data", type=Path, help="file or directory; Keras downloads if absent")
    parser.add_argument("--out", type=Path, required=True, help="directory for all results")
    parser.add_argument("--split", choices=("test", "validation"), default="validation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fp32-epochs", type=int, default=40)
    parser.add_argument("--fp32-rate", type=float, default=3e-3)
    parser.add_argument("--alphas", type=float, nargs="*", default=[0.1])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--temperature", type=float, nargs=2, default=(0.6, 0.35))
    parser.add_argument("--fine-tune-epochs", type=int, default=5)
    arguments = parser.parse_args()

    keras.utils.set_random_seed(arguments.seed)
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    data = load(DATA.get(arguments.network, "cifar-10"), arguments.data, arguments.split)
    base = fit(
        NETWORKS[arguments.network](),
        data,
        arguments.fp32_rate,
        arguments.fp32_epochs,
        out / "fp32.keras",
        [],
    )
    for alpha in arguments.alphas:
        started = time.time()
        run = f"alpha-{alpha:g}"
        model = keras_ec.convert(base, alpha=alpha, num_examples=len(data.x))
        harden = keras_ec.callbacks.HardenAssignments(
            temperature=schedules.exponential(*arguments.temperature),
            fine_tune_epochs=arguments.fine_tune_epochs,
        )
        model = fit(model, data, arguments.rate, arguments.epochs, out / f"{run}.keras", [harden])
        keras_ec.export_tflite(model, out / f"{run}.tflite")
        keras_ec.compress(out / f"{run}.tflite", out / f"{run}.ecz")
        result = {
            "network": arguments.network,
            "split": arguments.split,
            "alpha": alpha,
            "file_bytes": (out / f"{run}.ecz").stat().st_size,
            "fp32_bytes": 4 * base.count_params(),
            "seconds": round(time.time() - started, 1),
        }
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
