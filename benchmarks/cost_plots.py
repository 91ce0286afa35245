"""Plots of what training, coding and inference cost, from the stored measurements.

Reads `training_cost.json`, `training_step.json`, `cost_growth.json`, `coding_speed.json` and
`inference_cost.json` in `benchmarks/results`; those that are not there are left out.

    python benchmarks/cost_plots.py
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
from configuration import RESULTS

SVG = {"svg.hashsalt": "keras_ec"}


def training_cost(stored: dict, path: Path) -> None:
    """Bars: processor time of a step against plain Keras, and memory beyond it."""
    figure, axes = plt.subplots(2, 1, figsize=(9, 7), layout="constrained", sharex=True)
    figures = (
        ("processor_ratio", "step, processor time\nof plain Keras"),
        ("extra_megabytes", "peak memory beyond\nplain Keras, MB"),
    )
    shown = [v for v in next(iter(stored.values())) if v not in ("keras", "keras 2")]
    for axis, (key, text) in zip(axes, figures, strict=True):
        for i, variant in enumerate(shown):
            places = [place + 0.25 * (i - 1) for place in range(len(stored))]
            bars = axis.bar(
                places, [row[variant][key] for row in stored.values()], 0.23, label=variant
            )
            axis.bar_label(bars, fmt="%.2f" if key == "processor_ratio" else "%.0f", fontsize=8)
        axis.set(ylabel=text)
        axis.grid(alpha=0.3, axis="y")
    axes[0].axhline(1, color="gray", linestyle=":")
    axes[0].legend(fontsize="small")
    axes[1].set_xticks(range(len(stored)), [name.replace(", ", ",\n") for name in stored])
    save(figure, path)


def cost_growth(stored: dict, path: Path) -> None:
    """Lines: processor time of the penalty over the number of weights, one for each K."""
    figure, axes = plt.subplots(1, len(stored), figsize=(9, 4), layout="constrained", sharey=True)
    for axis, (name, rows) in zip(axes, stored.items(), strict=True):
        for centers in sorted({r["centers"] for r in rows}):
            own = [r for r in rows if r["centers"] == centers]
            points = [r["weights"] for r in own], [r["milliseconds"] for r in own]
            axis.loglog(*points, marker="o", label=f"K = {centers}")
        axis.set(title=name, xlabel="weights n")
        axis.grid(alpha=0.3, which="both")
    axes[0].set(ylabel="rate and gradient, processor ms")
    axes[0].legend(fontsize="small")
    save(figure, path)


def memory_growth(stored: dict, path: Path) -> None:
    """Lines: peak memory of training beyond plain Keras over the number of weights."""
    figure, axis = plt.subplots(figsize=(6, 4), layout="constrained")
    rows = stored["memory"]
    for centers in rows[0]["extra_bytes_per_weight"]:
        extra = [r["weights"] * r["extra_bytes_per_weight"][centers] / 1e6 for r in rows]
        axis.loglog([r["weights"] for r in rows], extra, marker="o", label=f"K = {centers}")
    axis.set(xlabel="weights n", ylabel="peak memory beyond plain Keras, MB")
    axis.grid(alpha=0.3, which="both")
    axis.legend(fontsize="small")
    save(figure, path)


def inference_cost(stored: dict, path: Path) -> None:
    """Points: latency and memory of each artifact in LiteRT, by network and curve."""
    networks = sorted({name.split(", ")[0] for name in stored})
    figure, axes = plt.subplots(
        len(networks), 2, figsize=(11, 1 + 2.6 * len(networks)), layout="constrained", squeeze=False
    )
    for (latency, memory), network in zip(axes, networks, strict=True):
        own = {n.partition(", ")[2]: v for n, v in stored.items() if n.split(", ")[0] == network}
        curves = sorted({name.rpartition(" (")[0] for name in own})
        for axis, key in ((latency, "microseconds"), (memory, "kilobytes")):
            for place, curve in enumerate(curves):
                values = [v[key] for name, v in own.items() if name.rpartition(" (")[0] == curve]
                axis.plot(values, [place] * len(values), "o", alpha=0.6)
            axis.set(xlim=(0, None))
            axis.grid(alpha=0.3)
        latency.set_yticks(range(len(curves)), curves, fontsize=7)
        memory.set_yticks(range(len(curves)), [""] * len(curves))
        latency.set(title=network, xlabel="latency of one example, microseconds")
        memory.set(xlabel="memory of the interpreter, kB")
    save(figure, path)


def coding_speed(stored: dict, path: Path) -> None:
    """Bars: million weights a second of processor time, by coder."""
    figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
    speeds = {name: weights_per_second(coder) for name, coder in stored.items()}
    for i, (name, speed) in enumerate(speeds.items()):
        places = [place + 0.4 * (i - 0.5) for place in range(len(speed))]
        bars = axis.bar(places, speed.values(), 0.38, label=name)
        axis.bar_label(bars, fmt="%.1f", fontsize=8)
    axis.set_xticks(range(len(speed)), list(speed))
    axis.set(ylabel="million weights a second of processor time")
    axis.grid(alpha=0.3, axis="y")
    axis.legend(fontsize="small")
    save(figure, path)


def weights_per_second(coder: dict) -> dict[str, float]:
    """Million weights a second of processor time, by direction."""
    return {
        text: coder[key]["million_symbols_per_cpu_second"]
        for key, text in (
            ("encode", "encode"),
            ("compress", "encode and verify"),
            ("decompress", "decode"),
        )
    }


def save(figure: plt.Figure, path: Path) -> None:
    """Writes an SVG file that is the same for the same figures."""
    with plt.rc_context(SVG):
        figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


PLOTS: dict[str, tuple[str, Callable[[dict, Path], None]]] = {
    "training_cost": ("training_cost", training_cost),
    "cost_growth": ("cost_growth", cost_growth),
    "memory_growth": ("training_step", memory_growth),
    "coding_speed": ("coding_speed", coding_speed),
    "inference_cost": ("inference_cost", inference_cost),
}
"""By name of the plot: name of the measurement, and what draws it."""


def main(folder: Path = RESULTS) -> None:
    """Draws what there is."""
    for name, (source, draw) in PLOTS.items():
        stored = folder / f"{source}.json"
        if stored.exists():
            draw(json.loads(stored.read_text()), folder / f"{name}.svg")
        else:
            print(f"{name}: left out, there is no {stored.name}")


if __name__ == "__main__":
    main()
