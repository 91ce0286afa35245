"""Trains a network on random examples, an epoch for each line of its input.

Prints the milliseconds a step of each epoch, by the clock and of processor time, and at the end
of input the peak resident size of the process in bytes.
"""

from __future__ import annotations

import json
import math
import resource
import sys
import time
from typing import Any

import numpy as np
import tensorflow as tf
from networks import NETWORKS

BATCH = 128


class Finished(Exception):
    """The input has ended."""


def main(variant: str, network: str, jit: bool, steps: int) -> None:
    """Trains as long as there are lines."""
    if variant in ("keras 2", "tfmot pruning"):
        import tf_keras as framework
    else:
        import keras as framework
    model = NETWORKS[network](framework)
    model, callbacks = {
        "keras": lambda: (model, []),
        "keras 2": lambda: (model, []),
        "tfmot pruning": lambda: pruned(model, framework),
        "keras_ec": lambda: entropy_constrained(model),
        "entropy-penalized": lambda: (reparameterized(model), []),
    }[variant]()
    model.compile(
        framework.optimizers.Adam(),
        framework.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=jit,
    )
    rng = np.random.default_rng(0)
    shape = NETWORKS[network]().input_shape[1:]
    x, y = rng.random((BATCH, *shape), "float32"), rng.integers(0, 7, BATCH)
    batches = tf.data.Dataset.from_tensors((x, y)).cache().repeat().prefetch(2)
    pace = paced(framework, steps)
    try:
        model.fit(
            batches, steps_per_epoch=steps, epochs=10**6, callbacks=[*callbacks, pace], verbose=0
        )
    except Finished:
        unit = 1 if sys.platform == "darwin" else 1024
        print(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)


def paced(framework: Any, steps: int) -> Any:
    """Callback that waits for a line before each epoch, and prints how long the epoch took."""

    class Pace(framework.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if not sys.stdin.readline():
                raise Finished
            self.start = time.perf_counter(), time.process_time()

        def on_epoch_end(self, epoch, logs=None):
            ends = time.perf_counter(), time.process_time()
            spent = [end - start for end, start in zip(ends, self.start, strict=True)]
            print(*(1000 * seconds / steps for seconds in spent), flush=True)

    return Pace()


def pruned(model: Any, tf_keras: Any) -> tuple[Any, list]:
    """The network as TFMOT prunes it, at a constant sparsity."""
    import tensorflow_model_optimization as tfmot

    schedule = tfmot.sparsity.keras.ConstantSparsity(0.9, begin_step=0, frequency=50)

    def wrap(layer):
        if isinstance(layer, (tf_keras.layers.Dense, tf_keras.layers.Conv2D)):
            return tfmot.sparsity.keras.prune_low_magnitude(layer, pruning_schedule=schedule)
        return layer

    wrapped = tf_keras.models.clone_model(model, clone_function=wrap)
    return wrapped, [tfmot.sparsity.keras.UpdatePruningStep()]


def entropy_constrained(model: Any) -> tuple[Any, list]:
    """The network as keras_ec trains it."""
    import keras_ec

    converted = keras_ec.convert(model, alpha=0.1, num_examples=50_000)
    return converted, [keras_ec.callbacks.HardenAssignments()]


def reparameterized(model: Any) -> Any:
    """The network as entropy-penalized reparameterization trains it."""
    from methods.entropy_penalized import Reparameterized

    penalty = 0.1 * math.log(2) / 50_000
    trained = Reparameterized(model, penalty=penalty, step=0.05, noisy=False)
    trained(np.zeros((1, *model.input_shape[1:]), "float32"))
    return trained


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
