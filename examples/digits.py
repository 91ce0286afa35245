"""Quick start: entropy-constrained training on scikit-learn's handwritten digits.

Trains a plain network, converts it, trains it on under an entropy constraint, removes its
dead units, exports it to .tflite, in float32 and in int8, range-codes these files, decodes
them, and runs the decoded networks in LiteRT. A run reads the test part of the data for the final
table only; its default settings were found with both the validation and the test part in sight.

    python examples/digits.py --out demo
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import time
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers
from litert import accuracy
from report import WeightSnapshot, draw_report
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import keras_ec
from keras_ec.deploy.export import tflite_bytes
from keras_ec.learning_rate import restarted_cosine

ALPHA = 0.06
BATCH = 32


class Data(NamedTuple):
    """Pictures, shape (examples, 8, 8, 1), values 0 to 1, and labels."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def load_data() -> Data:
    """Loads the digits, always split alike: 1197 train, 240 validate, 360 test."""
    x, y = load_digits(return_X_y=True)
    x = (x / 16.0).astype("float32").reshape(-1, 8, 8, 1)
    x, x_test, y, y_test = train_test_split(x, y, test_size=360, random_state=0, stratify=y)
    x_train, x_validation, y_train, y_validation = train_test_split(
        x, y, test_size=240, random_state=0, stratify=y
    )
    return Data(x_train, y_train, x_validation, y_validation, x_test, y_test)


def build_network() -> keras.Model:
    """A small convolutional network, 151,530 parameters."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(32, 3, padding="same", use_bias=False, name="conv1"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(64, 3, padding="same", use_bias=False, name="conv2"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(128, activation="relu", name="dense1"),
            layers.Dropout(0.2),
            layers.Dense(10, name="dense2"),
        ],
        name="digits",
    )


def train(
    model: keras.Model,
    data: Data,
    epochs: int,
    learning_rate: float,
    callbacks: list[keras.callbacks.Callback] | None = None,
    fine_tune_epochs: int = 0,
) -> dict[str, list[float]]:
    """Compiles and fits a model; the learning rate falls along a cosine, or two.

    Args:
        model: a classifier that returns logits.
        data: the digits.
        epochs: number of epochs.
        learning_rate: that of the first step.
        callbacks: for `model.fit`.
        fine_tune_epochs: those at the end in which the learning rate falls once more.

    Returns:
        The history: metrics of every epoch, by name.
    """
    steps = -(-len(data.x_train) // BATCH)
    rate = restarted_cosine(learning_rate, steps, epochs, fine_tune_epochs, last=0.05)
    model.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = model.fit(
        data.x_train,
        data.y_train,
        batch_size=BATCH,
        epochs=epochs,
        validation_data=(data.x_validation, data.y_validation),
        callbacks=callbacks,
        verbose=0,
    )
    return history.history


def gzipped(content: bytes) -> bytes:
    """What `gzip -9` makes of a file."""
    return gzip.compress(content, 9, mtime=0)


def size_of(path: Path, content: bytes) -> int:
    """Writes a file and returns its size in bytes."""
    path.write_bytes(content)
    return os.path.getsize(path)


def print_table(console: Console, rows: list[tuple[str, int, float]]) -> None:
    """Prints name, bytes, ratio to the first row, and accuracy."""
    table = Table(title="Size and accuracy on the test set, run in LiteRT", title_justify="left")
    table.add_column("file")
    for heading in ("bytes", "ratio", "accuracy"):
        table.add_column(heading, justify="right")
    for name, size, value in rows:
        table.add_row(name, f"{size:,}", f"{rows[0][1] / size:.1f}", f"{value:.2%}")
    console.print(table)


def main() -> None:
    """Runs the example from the command line."""
    parser = argparse.ArgumentParser(
        description="Entropy-constrained training on scikit-learn's digits, end to end.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for files and report")
    parser.add_argument("--epochs", type=int, default=40, help="of entropy-constrained training")
    parser.add_argument("--base-epochs", type=int, default=30, help="of the plain network")
    parser.add_argument("--alpha", type=float, default=ALPHA, help="weight of the rate")
    parser.add_argument("--seed", type=int, default=0, help="of initial weights and batches")
    options = parser.parse_args()
    out, start, console = options.out, time.perf_counter(), Console()
    out.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(options.seed)
    data = load_data()

    console.print(f"Training a plain network for {options.base_epochs} epochs ...")
    base = build_network()
    train(base, data, options.base_epochs, 1e-3)
    fp32 = tflite_bytes(base)

    console.print(f"Entropy-constrained training for {options.epochs} epochs ...")
    model = keras_ec.convert(base, alpha=options.alpha, num_examples=len(data.x_train))
    fine_tune_epochs = options.epochs // 8
    callback = keras_ec.callbacks.HardenAssignments(
        temperature=keras_ec.schedules.exponential(1.0, 0.2), fine_tune_epochs=fine_tune_epochs
    )
    snapshot = WeightSnapshot()
    history = train(model, data, options.epochs, 2e-3, [callback, snapshot], fine_tune_epochs)
    keras_ec.summary(model)
    model = keras_ec.remove_dead_units(model)
    keras_ec.harden(model)

    keras_ec.export_tflite(model, out / "model.tflite")
    ecz_bytes = keras_ec.compress(out / "model.tflite", out / "model.ecz")
    decoded = keras_ec.decompress(out / "model.ecz")
    keras_ec.export_tflite(model, out / "int8.tflite", calibration=data.x_train[:500])
    int8_ecz_bytes = keras_ec.compress(out / "int8.tflite", out / "int8.ecz")
    hardened = (out / "model.tflite").read_bytes()
    assert decoded == hardened, "the decoded file differs from the exported one"

    fp32_bytes = size_of(out / "fp32.tflite", fp32)
    fp32_accuracy = accuracy(fp32, data.x_test, data.y_test)
    ecz_accuracy = accuracy(decoded, data.x_test, data.y_test)
    int8_accuracy = accuracy(keras_ec.decompress(out / "int8.ecz"), data.x_test, data.y_test)
    rows = [
        ("fp32 .tflite", fp32_bytes, fp32_accuracy),
        ("fp32 .tflite, gzip -9", size_of(out / "fp32.tflite.gz", gzipped(fp32)), fp32_accuracy),
        ("hardened .tflite", len(hardened), ecz_accuracy),
        (
            "hardened .tflite, gzip -9",
            size_of(out / "model.tflite.gz", gzipped(hardened)),
            ecz_accuracy,
        ),
        (".ecz", ecz_bytes, ecz_accuracy),
        ("int8 .tflite", os.path.getsize(out / "int8.tflite"), int8_accuracy),
        ("int8 .ecz", int8_ecz_bytes, int8_accuracy),
    ]
    print_table(console, rows)
    ratio = fp32_bytes / ecz_bytes
    draw_report(
        out / "report.png",
        snapshot,
        {layer.name: layer.kernel.numpy() for layer in base.layers if hasattr(layer, "kernel")},
        history,
        f"{fp32_bytes:,} bytes to {ecz_bytes:,}, {ratio:.0f} times smaller; "
        f"test accuracy {fp32_accuracy:.2%} to {ecz_accuracy:.2%}",
    )
    result = {
        "fp32_tflite_bytes": fp32_bytes,
        "fp32_accuracy": fp32_accuracy,
        "ecz_bytes": ecz_bytes,
        "ecz_accuracy": ecz_accuracy,
        "int8_ecz_bytes": int8_ecz_bytes,
        "int8_accuracy": int8_accuracy,
        "validation_accuracy": history["val_accuracy"][-1],
        "gzip_bytes": rows[1][1],
        "hardened_bytes": rows[2][1],
        "hardened_gzip_bytes": rows[3][1],
        "seed": options.seed,
        "alpha": options.alpha,
        "base_epochs": options.base_epochs,
        "epochs": options.epochs,
        "seconds": round(time.perf_counter() - start, 1),
    }
    (out / "result.json").write_text(json.dumps(result, indent=2) + "\n")
    console.print(f"{result['seconds']:.0f} s. Files, result.json and report.png are in {out}.")


if __name__ == "__main__":
    main()
