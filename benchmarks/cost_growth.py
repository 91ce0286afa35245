"""How the time of the penalty grows with the number of weights n and of centers K.

Times the relaxed rate of one kernel and its gradient, all sizes in turn; medians. Peak memory
by n and K is measured by `training_step.py`.

    python benchmarks/cost_growth.py
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from configuration import RESULTS
from json_file import write_json

from keras_ec.structured_rate import structured_bits

WIDTHS = (128, 256, 512, 1024, 2048, 4096)
CENTER_COUNTS = (3, 15, 63, 255)


def penalty(width: int, centers: int, jit: bool) -> Callable[[], object]:
    """Function that computes the rate of a square kernel, and its gradient, once."""
    rng = np.random.default_rng(0)
    weights = tf.Variable(rng.laplace(0, 1.0, (width, width)).astype("float32"))
    levels = tf.constant(np.arange(centers) - centers // 2, "float32")

    @tf.function(jit_compile=jit)
    def gradient() -> tf.Tensor:
        with tf.GradientTape() as tape:
            bits = structured_bits(weights, levels, tf.constant(0.5))
        return tf.reduce_sum(tape.gradient(bits, weights))

    return lambda: gradient().numpy()


def measure(jit: bool, turns: int) -> list[dict[str, float]]:
    """Times all sizes in turn.

    Args:
        jit: whether XLA compiles the penalty.
        turns: measurements of each.

    Returns:
        For each size `weights`, `centers` and `milliseconds` of processor time.
    """
    runs = {(w, k): penalty(w, k, jit) for w in WIDTHS for k in CENTER_COUNTS}
    times: dict[tuple[int, int], list[float]] = {size: [] for size in runs}
    for turn in range(turns + 1):
        for size, run in runs.items():
            start = time.process_time()
            run()
            if turn:  # the first compiles
                times[size].append(time.process_time() - start)
    return [
        {
            "weights": width**2,
            "centers": centers,
            "milliseconds": round(1000 * statistics.median(seconds), 3),
        }
        for (width, centers), seconds in times.items()
    ]


def main() -> None:
    """Measures, prints and stores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=9)
    arguments = parser.parse_args()
    result = {}
    for jit in (False, True):
        name = f"jit_compile {'on' if jit else 'off'}"
        result[name] = measure(jit, arguments.turns)
        print(
            f"\n{name}: processor ms\n{'weights':>12}", *(f"{f'K={k}':>9}" for k in CENTER_COUNTS)
        )
        for width in WIDTHS:
            row = [r["milliseconds"] for r in result[name] if r["weights"] == width**2]
            print(f"{width**2:12,}", *(f"{value:9.2f}" for value in row))
    write_json(RESULTS / "cost_growth.json", result)


if __name__ == "__main__":
    main()
