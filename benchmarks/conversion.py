"""Time of `keras_ec.convert` on ResNet-50, a model of 25 million weights.

python benchmarks/conversion.py
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import statistics
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from json_file import write_json

import keras_ec

TARGET_SECONDS = 10.0
RESULTS = Path(__file__).parent / "results"
STAGES = {
    "copy of the model": ("keras_ec/cloning.py", "clone"),
    "copy of the weights (within it)": ("keras_ec/cloning.py", "_copy_weights"),
    "check of the weights": ("keras_ec/conversion.py", "_check_weights"),
    "spread of the centers": ("keras_ec/layers/centers.py", "reset"),
    "search for layers left as they are": ("keras_ec/conversion.py", "unconverted_layers"),
}


def time_conversion(model: keras.Model) -> float:
    """Seconds that one conversion takes."""
    start = time.perf_counter()
    keras_ec.convert(model, alpha=0.2, num_examples=50_000)
    return time.perf_counter() - start


def stage_shares(model: keras.Model) -> dict[str, float]:
    """Share of each stage in the time of a conversion, from a profile."""
    profile = cProfile.Profile()
    profile.runcall(keras_ec.convert, model, alpha=0.2, num_examples=50_000)
    stats = pstats.Stats(profile)
    shares = {}
    for stage, (file, function) in STAGES.items():
        seconds = sum(
            cumulative
            for (path, _, name), (_, _, _, cumulative, _) in stats.stats.items()
            if name == function and Path(path).as_posix().endswith(file)
        )
        shares[stage] = round(seconds / stats.total_tt, 3)
    return shares


def main() -> None:
    """Runs the benchmark from the command line."""
    parser = argparse.ArgumentParser(
        description="Time of keras_ec.convert on ResNet-50.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--repeats", type=int, default=3, help="conversions, for the median")
    parser.add_argument("--out", type=Path, default=RESULTS / "conversion.json")
    options = parser.parse_args()

    model = keras.applications.ResNet50(weights=None)
    seconds = [round(time_conversion(model), 2) for _ in range(options.repeats)]
    median = statistics.median(seconds)
    shares = stage_shares(model)
    print(f"{model.name}, {model.count_params():,} parameters")
    print(f"convert: {median:.2f} s, median of {seconds} (target {TARGET_SECONDS:.0f} s)")
    for stage, share in shares.items():
        print(f"{share:7.1%}  {stage}")

    result = {
        "model": model.name,
        "parameters": model.count_params(),
        "cpus": os.cpu_count(),
        "median_seconds": median,
        "seconds": seconds,
        "shares": shares,
    }
    write_json(options.out, result)


if __name__ == "__main__":
    main()
