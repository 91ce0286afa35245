"""LeNet-300-100 and LeNet-5-Caffe on MNIST: train, compress, measure what is shipped.

Trains and caches a float32 network, converts it, trains it under the entropy
penalty, exports, compresses, decodes, and measures the decoded file in LiteRT.
With `--split validation` the last 10,000 training pictures are held out and take
the place of the test set: use that to choose settings.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from litert import accuracy

import keras_ec
from keras_ec import schedules
from keras_ec.coding.container import payload_size
from keras_ec.deploy.export import tflite_bytes

HELD_OUT = 10_000
BATCH = 128


@dataclasses.dataclass(frozen=True)
class Settings:
    """What was chosen, on the validation split, for one network."""

    alpha: float
    epochs: int
    learning_rate: float
    temperature: tuple[float, float]
    fine_tune_epochs: int
    fp32_epochs: int = 20


SETTINGS = {
    "lenet-300-100": Settings(0.1, 60, 2e-3, (0.6, 0.35), 8),
    "lenet-5": Settings(0.1, 30, 2e-3, (1.0, 0.25), 5, fp32_epochs=12),
}


def build(network: str) -> keras.Model:
    """The float32 network; inputs (28, 28, 1) in [0, 1], outputs 10 logits."""
    layers = keras.layers
    if network == "lenet-300-100":
        hidden = [
            layers.Flatten(),
            layers.Dense(300, activation="relu"),
            layers.Dense(100, activation="relu"),
        ]
    else:
        hidden = [
            layers.Conv2D(20, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(50, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(500, activation="relu"),
        ]
    return keras.Sequential([keras.Input((28, 28, 1)), *hidden, layers.Dense(10)], name="lenet")


def load(path: Path, split: str) -> tuple[np.ndarray, ...]:
    """Training and evaluation pictures and labels, from an .npz or Keras' own copy."""
    if path:
        with np.load(path) as data:
            arrays = [data[key] for key in ("x_train", "y_train", "x_test", "y_test")]
    else:
        (x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
        arrays = [x, y, x_test, y_test]
    x, y, x_test, y_test = arrays
    if split == "validation":
        x, x_test = x[:-HELD_OUT], x[-HELD_OUT:]
        y, y_test = y[:-HELD_OUT], y[-HELD_OUT:]
    scale = np.float32(1 / 255)
    return x[..., None] * scale, y, x_test[..., None] * scale, y_test


def compile_model(model: keras.Model, learning_rate: float, epochs: int, examples: int) -> None:
    """Compiles with Adam, its learning rate on a cosine to a fiftieth."""
    steps = -(-examples // BATCH) * epochs
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps, alpha=0.02)
    model.compile(
        optimizer=keras.optimizers.Adam(schedule),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )


def fp32_network(network: str, data: tuple, cache: Path, epochs: int) -> keras.Model:
    """The trained float32 network, from the cache if it is there."""
    if cache.exists():
        return keras.models.load_model(cache)
    model = build(network)
    compile_model(model, 1e-3, epochs, len(data[0]))
    model.fit(data[0], data[1], batch_size=BATCH, epochs=epochs, verbose=2)
    model.save(cache)
    return model


def train(base: keras.Model, data: tuple, settings: Settings, run: dict, out: Path) -> keras.Model:
    """Entropy-constrained training; a stopped run continues from its last epoch.

    A finished run of the same description `run` is loaded instead of repeated;
    what another run left in the directory is removed.
    """
    trained, record = out / "model.keras", out / "run.json"
    description = json.dumps(run, indent=2) + "\n"
    if not record.exists() or record.read_text() != description:
        shutil.rmtree(out / "backup", ignore_errors=True)
        for stale in (trained, out / "training.csv"):
            stale.unlink(missing_ok=True)
        record.write_text(description)
    if trained.exists():
        return keras.models.load_model(trained)
    model = keras_ec.convert(base, alpha=settings.alpha, num_examples=len(data[0]))
    compile_model(model, settings.learning_rate, settings.epochs, len(data[0]))
    harden = keras_ec.callbacks.HardenAssignments(
        temperature=schedules.exponential(*settings.temperature),
        fine_tune_epochs=settings.fine_tune_epochs,
    )
    callbacks = [
        harden,
        keras.callbacks.CSVLogger(out / "training.csv", append=True),
        keras.callbacks.BackupAndRestore(out / "backup"),
    ]
    model.fit(
        data[0], data[1], batch_size=BATCH, epochs=settings.epochs, callbacks=callbacks, verbose=2
    )
    model.save(trained)
    return model


def main() -> None:
    """Runs the experiment and writes its files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=sorted(SETTINGS), default="lenet-300-100")
    parser.add_argument("--data", type=Path, help="mnist.npz; Keras downloads it if not given")
    parser.add_argument("--out", type=Path, required=True, help="directory for all results")
    parser.add_argument("--split", choices=("test", "validation"), default="test")
    parser.add_argument("--seed", type=int, default=0)
    for field in dataclasses.fields(Settings):
        if isinstance(field.type, str) and field.type in ("int", "float"):
            flag = "--" + field.name.replace("_", "-")
            parser.add_argument(flag, type={"int": int, "float": float}[field.type])
    arguments = parser.parse_args()

    chosen = SETTINGS[arguments.network]
    given = {f.name: getattr(arguments, f.name, None) for f in dataclasses.fields(Settings)}
    settings = dataclasses.replace(chosen, **{k: v for k, v in given.items() if v is not None})
    keras.utils.set_random_seed(arguments.seed)
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    data = load(arguments.data, arguments.split)
    x_test, y_test = data[2:]

    started = time.time()
    run = {
        "network": arguments.network,
        "split": arguments.split,
        "seed": arguments.seed,
        "training_examples": len(data[0]),
        "settings": dataclasses.asdict(settings),
    }
    fp32_run = f"{arguments.network}-{arguments.split}-{arguments.seed}-{settings.fp32_epochs}"
    cache = out / f"fp32-{fp32_run}.keras"
    base = fp32_network(arguments.network, data, cache, settings.fp32_epochs)
    fp32_error = 100 * (1 - accuracy(tflite_bytes(base), x_test, y_test))

    model = train(base, data, settings, run, out)
    keras_ec.summary(model)
    keras_ec.export_tflite(model, out / "model.tflite")
    keras_ec.compress(out / "model.tflite", out / "model.ecz")
    decoded = keras_ec.decompress(out / "model.ecz")
    ecz_bytes = (out / "model.ecz").stat().st_size
    fp32_bytes = 4 * base.count_params()
    result = {
        **run,
        "seconds_of_this_call": round(time.time() - started, 1),
        "fp32_bytes": fp32_bytes,
        f"fp32_{arguments.split}_error": round(fp32_error, 3),
        "ecz_bytes": ecz_bytes,
        f"ecz_{arguments.split}_error": round(100 * (1 - accuracy(decoded, x_test, y_test)), 3),
        "payload_bytes": payload_size((out / "model.ecz").read_bytes()),
        "ratio": round(fp32_bytes / ecz_bytes, 1),
    }
    (out / "result.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
