"""Time and peak memory of training: keras_ec and peers against plain Keras.

Every variant trains in a process of its own with its callbacks. The processes take turns, so
that other load on the machine meets all alike, and medians of the ratios of each turn are
compared. TFMOT, which needs Keras 2, is compared with plain Keras 2 as well.

    python benchmarks/training_cost.py --network lenet-300-100 resnet-8
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

from configuration import RESULTS
from environment import ROOT, process_command, process_environment
from json_file import add_to_json

VARIANTS = ("keras", "keras_ec", "entropy-penalized", "keras 2", "tfmot pruning")
REFERENCE = {"tfmot pruning": "keras 2"}
STEPS = {"lenet-300-100": 50, "lenet-5": 5}
OTHER_STEPS = 20
HEADINGS = ("ms", "ratio", "processor ms", "ratio", "peak MB", "extra MB")


class Stepper:
    """A process that trains a variant, an epoch at a time."""

    def __init__(self, variant: str, network: str, jit: bool, steps: int) -> None:
        arguments = {"variant": variant, "network": network, "jit": jit, "steps": steps}
        self._process = subprocess.Popen(
            process_command(sys.executable, "training_stepper", arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env=process_environment(),
        )

    def milliseconds(self) -> list[float]:
        """Trains an epoch; milliseconds a step, by the clock and of processor time."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._numbers()

    def peak_bytes(self) -> int:
        """Ends the process; its peak resident size."""
        self._process.stdin.close()
        return int(self._numbers()[0])

    def _numbers(self) -> list[float]:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"A training process ended early: {self._process.args}")
        return [float(word) for word in line.split()]


def measure(network: str, jit: bool, turns: int) -> dict[str, dict[str, float]]:
    """Trains all variants of a network in turns.

    Args:
        network: key of `networks.NETWORKS`.
        jit: whether XLA compiles the step.
        turns: measurements of each variant.

    Returns:
        By variant: `milliseconds` a step by the clock, `processor_milliseconds`; `ratio` and
        `processor_ratio` to plain Keras (of the same version); `peak_megabytes` of the process,
        `extra_megabytes` beyond that of plain Keras.
    """
    steps = STEPS.get(network, OTHER_STEPS)
    steppers = {variant: Stepper(variant, network, jit, steps) for variant in VARIANTS}
    for stepper in steppers.values():
        stepper.milliseconds()
    times: dict[str, list[list[float]]] = {variant: [] for variant in VARIANTS}
    for _ in range(turns):
        for variant, stepper in steppers.items():
            times[variant].append(stepper.milliseconds())
    peaks = {variant: stepper.peak_bytes() / 1e6 for variant, stepper in steppers.items()}
    result = {}
    for variant in VARIANTS:
        plain = REFERENCE.get(variant, "keras" if variant != "keras 2" else "keras 2")
        row = {}
        for i, clock in enumerate(("", "processor_")):
            own, reference = ([turn[i] for turn in times[v]] for v in (variant, plain))
            ratios = [a / b for a, b in zip(own, reference, strict=True)]
            row[f"{clock}milliseconds"] = round(statistics.median(own), 2)
            row[f"{clock}ratio"] = round(statistics.median(ratios), 3)
        row["peak_megabytes"] = round(peaks[variant], 1)
        row["extra_megabytes"] = round(peaks[variant] - peaks[plain], 1)
        result[variant] = row
    return result


def main() -> None:
    """Measures, prints and stores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", nargs="*", default=["lenet-300-100", "lenet-5", "resnet-8"])
    parser.add_argument("--jit", choices=("on", "off"), nargs="*", default=("off", "on"))
    parser.add_argument("--turns", type=int, default=9)
    arguments = parser.parse_args()
    path = RESULTS / "training_cost.json"
    for network in arguments.network:
        for jit in arguments.jit:
            name = f"{network}, jit_compile {jit}"
            found = measure(network, jit == "on", arguments.turns)
            add_to_json(path, {name: found})
            print(f"\n{name}\n{'':>20}" + "".join(f"{h:>16}" for h in HEADINGS))
            for variant, row in found.items():
                print(f"{variant:>20}" + "".join(f"{v:16.2f}" for v in row.values()), flush=True)


if __name__ == "__main__":
    main()
