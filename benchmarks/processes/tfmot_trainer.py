"""TensorFlow Model Optimization: pruning and clustering, in Keras 2.

Reads `base.npz`, the float32 network's weights; writes `network.npz` or, where training
quantizes, `network.tflite`. Every stage leaves its weights behind, so that a stopped
run continues.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras
from datasets import Data, batches, load
from networks import DATA_OF, NETWORKS
from tensorflow_model_optimization.python.core.clustering.keras.experimental import cluster

KERNEL_LAYERS = (tf_keras.layers.Dense, tf_keras.layers.Conv2D)
SMALL = 10_000
"""Kernels of fewer weights are pruned to `small_sparsity` at most."""


def main(network: str, settings: dict[str, Any], seed: int, data: str | None) -> None:
    """Trains, strips and converts a network."""
    examples = load(DATA_OF[network], data and Path(data), "validation")
    technique, epochs = settings["technique"], settings["epochs"]
    stages: list[Callable] = {
        "pruning": [prune],
        "clustering": [cluster_dense],
        "pruning_clustering": [prune, cluster_sparse],
        "pcqat": [prune, cluster_sparse],
    }[technique]
    # all techniques have the same budget; pruning takes what does not divide by the stages
    count = len(stages) + (technique == "pcqat")
    share = epochs // count
    weights = Path("base.npz")
    for i, stage in enumerate(stages):
        done = Path(f"stage-{i}.npz")
        if not done.exists():
            tf_keras.utils.set_random_seed(seed)
            tf_keras.mixed_precision.set_global_policy(settings["policy"])
            model = plain(network, weights)
            spent = epochs - share * (count - 1) if i == 0 else share
            trained = stage(model, Run(examples, settings, seed, spent, f"backup-{i}"))
            tf_keras.mixed_precision.set_global_policy("float32")
            save(trained, network, examples, done)
        weights = done
    if technique == "pcqat":
        model = plain(network, weights)
        model = quantize(model, Run(examples, settings, seed, share, "backup-pcqat"))
        Path("network.tflite").write_bytes(convert(model))
    else:
        weights.rename("network.npz")


class Run:
    """How a stage trains."""

    def __init__(self, data: Data, settings: dict, seed: int, epochs: int, backup: str) -> None:
        self.data, self.settings, self.seed, self.epochs = data, settings, seed, epochs
        self.backup = backup
        self.steps = -(-len(data.x) // settings["batch"]) * epochs

    def fit(self, model: tf_keras.Model, callbacks: Iterable = ()) -> None:
        """Trains as `training.fit` does."""
        rate = tf_keras.optimizers.schedules.CosineDecay(
            self.settings["rate"], self.steps, alpha=0.01
        )
        model.compile(
            optimizer=tf_keras.optimizers.Adam(rate),
            loss=tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            jit_compile=self.settings["jit"],
        )
        model.fit(
            batches(self.data, self.settings["batch"], self.seed, self.settings["shift"]),
            epochs=self.epochs,
            callbacks=[*callbacks, tf_keras.callbacks.BackupAndRestore(self.backup)],
            verbose=2,
        )


def plain(network: str, weights: Path) -> tf_keras.Model:
    """The network with stored weights."""
    model = NETWORKS[network](tf_keras)
    with np.load(weights) as stored:
        model.set_weights([stored[f"w{i}"] for i in range(len(stored.files))])
    return model


def save(model: tf_keras.Model, network: str, data: Data, path: Path) -> None:
    """Stores the weights of a stripped network, after a check that their order is right."""
    copy = NETWORKS[network](tf_keras)
    copy.set_weights(model.get_weights())
    x = data.x[:8]
    expected, outputs = copy(x).numpy(), tf.cast(model(x), "float32").numpy()
    precision = 1e-3 if model.compute_dtype == "float32" else 0.1
    if np.abs(outputs - expected).max() > precision * np.abs(expected).max():
        raise RuntimeError("The stripped network has its weights in another order.")
    np.savez(path, **{f"w{i}": w for i, w in enumerate(model.get_weights())})


def wrapped(model: tf_keras.Model, wrap: Callable) -> tf_keras.Model:
    """The network with its layers that have kernels wrapped, weights shared."""

    def clone(layer: tf_keras.layers.Layer) -> tf_keras.layers.Layer:
        return wrap(layer) if isinstance(layer, KERNEL_LAYERS) else layer

    return tf_keras.models.clone_model(model, clone_function=clone)


def prune(model: tf_keras.Model, run: Run) -> tf_keras.Model:
    """Magnitude pruning; the sparsity rises over the first half of the epochs."""

    def wrap(layer: tf_keras.layers.Layer) -> tf_keras.layers.Layer:
        sparsity = run.settings["sparsity"]
        if math.prod(layer.kernel.shape) < SMALL:
            sparsity = min(sparsity, run.settings["small_sparsity"])
        schedule = tfmot.sparsity.keras.PolynomialDecay(
            initial_sparsity=sparsity / 2,
            final_sparsity=sparsity,
            begin_step=0,
            end_step=math.ceil(run.steps / 2),
            frequency=50,
        )
        return tfmot.sparsity.keras.prune_low_magnitude(layer, pruning_schedule=schedule)

    model = wrapped(model, wrap)
    run.fit(model, [tfmot.sparsity.keras.UpdatePruningStep()])
    return tfmot.sparsity.keras.strip_pruning(model)


def cluster_dense(model: tf_keras.Model, run: Run) -> tf_keras.Model:
    """Clustering, centroids and weights learned together."""
    return _clustered(model, run, tfmot.clustering.keras.cluster_weights)


def cluster_sparse(model: tf_keras.Model, run: Run) -> tf_keras.Model:
    """Clustering that keeps zeros."""

    def cluster_weights(layer: tf_keras.layers.Layer, **arguments: Any):
        return cluster.cluster_weights(layer, preserve_sparsity=True, **arguments)

    return _clustered(model, run, cluster_weights)


def _clustered(model: tf_keras.Model, run: Run, cluster_weights: Callable) -> tf_keras.Model:
    arguments = {
        "number_of_clusters": run.settings["clusters"],
        "cluster_centroids_init": tfmot.clustering.keras.CentroidInitialization.KMEANS_PLUS_PLUS,
    }
    model = wrapped(model, lambda layer: cluster_weights(layer, **arguments))
    run.fit(model)
    return tfmot.clustering.keras.strip_clustering(model)


def quantize(model: tf_keras.Model, run: Run) -> tf_keras.Model:
    """Quantization-aware training to 8 bits that keeps zeros and clusters."""
    scheme = tfmot.experimental.combine.Default8BitClusterPreserveQuantizeScheme(True)
    annotated = tfmot.quantization.keras.quantize_annotate_model(model)
    model = tfmot.quantization.keras.quantize_apply(annotated, scheme)
    run.fit(model)
    return model


def convert(model: tf_keras.Model) -> bytes:
    """Content of a .tflite file of 8-bit arithmetic, float input and output."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return converter.convert()


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
