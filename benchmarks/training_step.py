"""Time and memory of a training step: EC layers against plain Keras.

Every repetition times the plain network and all its EC variants in turn, so that
other load on the machine meets all of them alike; medians are compared. Memory is
the peak resident size of a process of its own for each configuration.

    python benchmarks/training_step.py --network lenet-300-100 --jit off
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from json_file import add_to_json
from networks import NETWORKS

import keras_ec

BATCH = 128
STEPS = {"lenet-300-100": 50, "resnet-20": 3}
TARGETS = {"lenet-300-100": 2.0, "resnet-20": 1.25}
VARIANTS = {
    "straight-through, uniform": {"forward": "straight_through", "center_type": "uniform"},
    "straight-through, free": {"forward": "straight_through", "center_type": "free"},
    "gaussian, uniform": {"forward": "gaussian", "center_type": "uniform"},
    "gaussian, free": {"forward": "gaussian", "center_type": "free"},
}
TARGET_VARIANT = "straight-through, uniform"
CENTER_COUNTS = (3, 15, 63)
MEMORY_WIDTHS = (1024, 2048, 4096)
RESULTS = Path(__file__).parent / "results"


def make_model(network: str, variant: dict | None, centers: int, jit: bool) -> keras.Model:
    """Compiled network, plain or converted.

    Args:
        network: key of `NETWORKS`.
        variant: keyword arguments for `keras_ec.convert`, or None for plain Keras.
        centers: number of centers.
        jit: whether XLA compiles the step.

    Returns:
        The model, compiled with Adam and cross-entropy.
    """
    model = NETWORKS[network]()
    if variant is not None:
        model = keras_ec.convert(model, alpha=0.2, num_examples=60000, centers=centers, **variant)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(), loss=loss, jit_compile=jit)
    return model


def step_of(model: keras.Model) -> Callable[[], None]:
    """Function that runs one training step, as `fit` does, on a fixed random batch."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(BATCH, *model.input_shape[1:])).astype("float32")
    y = generator.integers(0, 10, BATCH)
    batches = iter(tf.data.Dataset.from_tensors((x, y)).cache().repeat().prefetch(2))
    model.make_train_function()
    return lambda: model.train_function(batches)


def time_steps(step: Callable[[], None], count: int) -> float:
    """Seconds a step, mean of `count` steps in a row."""
    start = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - start) / count


def measure_time(network: str, jit: bool, centers: int, steps: int, repeats: int) -> dict:
    """Times the steps of a network and of its EC variants, interleaved.

    Args:
        network: key of `NETWORKS`.
        jit: whether XLA compiles the step.
        centers: number of centers.
        steps: steps a measurement.
        repeats: measurements of each configuration.

    Returns:
        Milliseconds of the plain step; milliseconds and ratio of each variant.
        Ratios are medians of those within each repetition.
    """
    variants = {"plain": None, **VARIANTS}
    runs = {name: step_of(make_model(network, v, centers, jit)) for name, v in variants.items()}
    for run in runs.values():
        time_steps(run, 2)
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            times[name].append(time_steps(run, steps))
    return {
        name: {
            "milliseconds": round(1000 * statistics.median(seconds), 3),
            "ratio": round(
                statistics.median(s / p for s, p in zip(seconds, times["plain"], strict=True)), 3
            ),
        }
        for name, seconds in times.items()
    }


def peak_memory(width: int, centers: int | None) -> int:
    """Peak resident bytes of this process after training steps of one dense layer.

    Args:
        width: inputs and units of the layer, so it has width^2 weights.
        centers: number of centers, or None for plain Keras.

    Returns:
        Bytes.
    """
    model = keras.Sequential([keras.Input((width,)), keras.layers.Dense(width, use_bias=False)])
    if centers is not None:
        model = keras_ec.convert(model, alpha=0.2, num_examples=60000, centers=centers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(), loss=loss, jit_compile=False)
    time_steps(step_of(model), 5)
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measure_memory() -> list[dict]:
    """Peak memory of EC training beyond plain Keras, in bytes a weight.

    Every configuration runs in a fresh process. Call it before this process has
    grown by trainings of its own: the peak of a child counts from its parent's.

    Returns:
        A dictionary for each size of layer: `weights`, `plain_megabytes`, and
        `extra_bytes_per_weight` by number of centers.
    """

    def in_new_process(width: int, centers: int | None) -> int:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            return pool.submit(peak_memory, width, centers).result()

    rows = []
    for width in MEMORY_WIDTHS:
        plain = in_new_process(width, None)
        extra = {
            str(count): round((in_new_process(width, count) - plain) / width**2, 2)
            for count in CENTER_COUNTS
        }
        rows.append(
            {
                "weights": width**2,
                "plain_megabytes": round(plain / 1e6, 1),
                "extra_bytes_per_weight": extra,
            }
        )
    return rows


def print_memory(rows: list[dict]) -> None:
    """Prints the result of `measure_memory`."""
    print("Peak memory beyond plain Keras, bytes a weight (one dense layer, Adam)")
    print(f"{'weights':>12} {'plain MB':>10}" + "".join(f"{f'K={k}':>8}" for k in CENTER_COUNTS))
    for row in rows:
        extra = "".join(f"{value:8.1f}" for value in row["extra_bytes_per_weight"].values())
        print(f"{row['weights']:12,} {row['plain_megabytes']:10.1f}{extra}")


def print_time(network: str, jit: bool, times: dict) -> None:
    """Prints the result of `measure_time`."""
    print(f"\n{network}, batch {BATCH}, jit_compile={jit}: milliseconds a step, ratio to plain")
    for name, figures in times.items():
        target = f"  (target {TARGETS[network]:.2f})" if name == TARGET_VARIANT else ""
        print(f"{name:>26} {figures['milliseconds']:9.2f} {figures['ratio']:6.2f}{target}")


def main() -> None:
    """Runs the benchmark from the command line."""
    parser = argparse.ArgumentParser(
        description="Time and memory of a training step, EC layers against plain Keras.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--network", choices=[*STEPS, "all"], default="all")
    parser.add_argument("--jit", choices=("both", "on", "off"), default="both", help="XLA")
    parser.add_argument("--centers", type=int, default=15, help="number of centers when timing")
    parser.add_argument("--steps", type=int, help=f"steps a measurement (default: {STEPS})")
    parser.add_argument("--repeats", type=int, default=9, help="measurements, for the median")
    parser.add_argument("--memory", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--out", type=Path, default=RESULTS / "training_step.json")
    options = parser.parse_args()

    result: dict = {"batch": BATCH, "centers": options.centers, "cpus": os.cpu_count()}
    if options.memory:
        result["memory"] = measure_memory()
        print_memory(result["memory"])
    networks = STEPS if options.network == "all" else [options.network]
    for jit in {"both": (False, True), "on": (True,), "off": (False,)}[options.jit]:
        for network in networks:
            steps = options.steps or STEPS[network]
            times = measure_time(network, jit, options.centers, steps, options.repeats)
            result[f"{network}, jit {'on' if jit else 'off'}"] = times
            print_time(network, jit, times)
    add_to_json(options.out, result)


if __name__ == "__main__":
    main()
