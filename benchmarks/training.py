"""Training that all methods share: batches, optimizer, learning rate, checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
from datasets import Data, batches
from fused_normalization import fused_normalization

from keras_ec.learning_rate import restarted_cosine


def fit(
    model: keras.Model,
    data: Data,
    settings: dict[str, Any],
    seed: int,
    folder: Path,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> None:
    """Trains a classifier with Adam, the learning rate falling on a cosine.

    A stopped training continues from its last epoch.

    Args:
        model: the network; compiled here.
        data: what to train and validate on.
        settings: `epochs`, `rate`, `batch`, `shift`, `jit`; optional `restart`: whether the
            learning rate starts anew for the last `fine_tune_epochs`.
        seed: of order and augmentation.
        folder: where log and checkpoint go.
        callbacks: come before those of log and checkpoint.
    """
    rate = restarted_cosine(
        settings["rate"],
        steps_per_epoch=-(-len(data.x) // settings["batch"]),
        epochs=settings["epochs"],
        fine_tune_epochs=settings["fine_tune_epochs"] if settings.get("restart") else 0,
    )
    model.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=settings["jit"],
    )
    model(data.x[:1])  # builds it, which BackupAndRestore asks for
    with fused_normalization():
        model.fit(
            batches(data, settings["batch"], seed, settings["shift"]),
            epochs=settings["epochs"],
            callbacks=[
                *callbacks,
                keras.callbacks.CSVLogger(folder / "training.csv", append=True),
                keras.callbacks.BackupAndRestore(folder / "backup"),
            ],
            verbose=2,
        )
