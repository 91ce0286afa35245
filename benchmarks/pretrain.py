"""Trains a network in float32, as the one that all methods start from.

The held-out part of the training set is seen by validation alone. A stopped training
continues from its last epoch; the result goes to `benchmarks/baselines`.

    python benchmarks/pretrain.py --network lenet-5 --data data
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
# TensorFlow leaves it off on some processors, where most convolutions are slower without it
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import baseline
import keras
from configuration import BASELINES, CACHE
from datasets import batches, load
from fused_normalization import fused_normalization
from json_file import write_json
from networks import DATA_OF, NETWORKS

from keras_ec.deploy.atomic_file import write_atomically

BATCH = 128


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is trained; chosen on the validation split."""

    epochs: int
    rate: float
    weight_decay: float
    shift: int | None = None
    jit: bool = False
    precision: str = "float32"


RECIPES = {
    "lenet-300-100": Recipe(80, 2e-3, 2e-2, jit=True),
    "lenet-5": Recipe(25, 2e-3, 2e-2),
    "resnet-8": Recipe(50, 4e-3, 2e-2, precision="mixed_bfloat16"),
    "resnet-20": Recipe(25, 4e-3, 2e-2, precision="mixed_bfloat16"),
    "vgg": Recipe(25, 2e-3, 5e-2, precision="mixed_bfloat16"),
    "transformer": Recipe(40, 2e-3, 2e-2, jit=True),
}


def pretrain(network: str, recipe: Recipe, data_path: Path | None, seed: int, out: Path) -> dict:
    """Trains a network.

    Args:
        network: key of `NETWORKS`.
        recipe: how to train it.
        data_path: see `datasets.load`.
        seed: seed of weights, order and augmentation.
        out: directory for log and checkpoint.

    Returns:
        What came of it: errors in percent, settings, seconds of this call.
    """
    started = time.time()
    data = load(DATA_OF[network], data_path, "validation")
    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy(recipe.precision)
    model = NETWORKS[network]()
    steps = -(-len(data.x) // BATCH) * recipe.epochs
    model.compile(
        optimizer=keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(recipe.rate, steps, alpha=0.001),
            weight_decay=recipe.weight_decay,
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=recipe.jit,
    )
    with fused_normalization():
        model.fit(
            batches(data, BATCH, seed, recipe.shift),
            epochs=recipe.epochs,
            validation_data=(data.x_eval, data.y_eval),
            validation_batch_size=500,
            callbacks=[
                keras.callbacks.CSVLogger(out / "training.csv", append=True),
                keras.callbacks.BackupAndRestore(out / "backup"),
            ],
            verbose=2,
        )
    keras.config.set_dtype_policy("float32")
    plain = NETWORKS[network]()
    plain.set_weights(model.get_weights())
    BASELINES.mkdir(exist_ok=True)
    baseline.save_weights(plain, baseline.path_of(network))
    return {
        "network": network,
        "data": data.name,
        "settings": dataclasses.asdict(recipe),
        "seed": seed,
        "parameters": plain.count_params(),
        "validation_error": _error(plain, data),
        "test_error": _error(plain, load(DATA_OF[network], data_path, "test")),
        "command": f"python benchmarks/pretrain.py --network {network} --data DATA --seed {seed}",
        "seconds": round(time.time() - started, 1),
    }


def _error(model: keras.Model, data) -> float:
    predicted = model.predict(data.x_eval, batch_size=500, verbose=0).argmax(-1)
    return round(100 * float((predicted != data.y_eval).mean()), 3)


def main() -> None:
    """Trains the network, stores it and what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=sorted(NETWORKS), required=True)
    parser.add_argument("--data", type=Path, help="directory with the data; else Keras' own")
    parser.add_argument("--seed", type=int, default=0)
    for field in dataclasses.fields(Recipe):
        kind = {"int": int, "float": float, "int | None": int, "bool": int, "str": str}[field.type]
        parser.add_argument("--" + field.name.replace("_", "-"), type=kind)
    arguments = parser.parse_args()
    given = {f.name: getattr(arguments, f.name) for f in dataclasses.fields(Recipe)}
    given = {key: value for key, value in given.items() if value is not None}
    recipe = dataclasses.replace(RECIPES[arguments.network], **given)

    out = CACHE / "pretrain" / arguments.network
    out.mkdir(parents=True, exist_ok=True)
    description = json.dumps([dataclasses.asdict(recipe), arguments.seed])
    record = out / "recipe.json"
    if not record.exists() or record.read_text() != description:
        shutil.rmtree(out)
        out.mkdir()
        write_atomically(record, description.encode())
    result = pretrain(arguments.network, recipe, arguments.data, arguments.seed, out)
    write_json(BASELINES / f"{arguments.network}.json", result)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
