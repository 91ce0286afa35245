"""The picture of an entropy-constrained training, for the examples."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import keras
import matplotlib
import numpy as np
from keras import ops

from keras_ec.traversal import quantized_weights

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator, PercentFormatter

BEFORE, TRAINED, CENTERS = "#9aa0a6", "#1f77b4", "#d62728"
BINS_PER_GAP = 4


class LayerWeights(NamedTuple):
    """Weights of one kernel, and its centers.

    Attributes:
        name: of the layer.
        weights: values, shape (n,).
        centers: values that decide the assignment, shape (K,), sorted.
        counts: number of weights assigned to each center, shape (K,).
    """

    name: str
    weights: np.ndarray
    centers: np.ndarray
    counts: np.ndarray


class WeightSnapshot(keras.callbacks.Callback):
    """Keeps the weights of the EC layers as they are before hardening.

    Attributes:
        layers: a `LayerWeights` for each kernel, after training.
        epochs: number of epochs after which it was taken.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers: list[LayerWeights] = []
        self.epochs = 0

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Takes the weights, unless their assignments are frozen already."""
        weights = quantized_weights(self.model)
        if not weights[0].variable.trainable:
            return
        self.epochs = epoch + 1
        self.layers = [
            LayerWeights(
                name=weight.layer.name,
                weights=ops.convert_to_numpy(weight.variable).ravel(),
                centers=ops.convert_to_numpy(weight.centers.assigning_values()),
                counts=np.bincount(
                    ops.convert_to_numpy(weight.indices()).ravel(), minlength=weight.centers.count
                ),
            )
            for weight in weights
        ]


def draw_report(
    path: Path,
    snapshot: WeightSnapshot,
    before: dict[str, np.ndarray],
    history: dict[str, list[float]],
    title: str,
) -> None:
    """Writes the picture: weights against centers, bytes and accuracy by epoch.

    Args:
        path: target, .png.
        snapshot: of the training.
        before: kernels before entropy-constrained training, by name of layer.
        history: that of `model.fit` with `HardenAssignments`.
        title: headline.
    """
    columns = len(snapshot.layers)
    figure = plt.figure(figsize=(max(3.4 * columns, 10), 7.6), layout="constrained")
    figure.suptitle(title, fontsize=14, fontweight="bold")
    upper, lower = figure.subfigures(2, 1, height_ratios=(1, 1))
    panels = upper.subplots(1, columns, squeeze=False)[0]
    for axes, layer in zip(panels, snapshot.layers, strict=True):
        _draw_weights(axes, layer, before[layer.name])
    handles, labels = panels[0].get_legend_handles_labels()
    upper.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    sizes, accuracies = lower.subplots(1, 2)
    _draw_bytes(sizes, history)
    _draw_accuracy(accuracies, history)
    for axes in (sizes, accuracies):
        _mark_fine_tuning(axes, snapshot.epochs, len(history["hard_bits"]))
        axes.legend(frameon=False)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def _bare(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)


def _draw_weights(axes: Axes, layer: LayerWeights, before: np.ndarray) -> None:
    gap = (layer.centers[-1] - layer.centers[0]) / (len(layer.centers) - 1)
    reach = 1.05 * max(np.abs(layer.weights).max(), np.abs(before).max())
    half = int(np.ceil(reach / gap * BINS_PER_GAP)) + 0.5
    edges = np.arange(-half, half + 1) * gap / BINS_PER_GAP
    axes.hist(before.ravel(), edges, histtype="step", color=BEFORE, label="before")
    axes.hist(layer.weights, edges, color=TRAINED, alpha=0.75, label="trained, before hardening")
    used = layer.counts > 0
    axes.vlines(layer.centers[used], 0.7, layer.counts[used], color=CENTERS, linewidth=0.9)
    axes.plot(
        layer.centers[used],
        layer.counts[used],
        "o",
        color=CENTERS,
        markersize=4.5,
        label="centers in use and their weights",
    )
    axes.set_yscale("log")
    axes.set_ylim(0.7, 2.5 * layer.counts.max())
    axes.set_xlim(edges[0], edges[-1])
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_title(
        f"{layer.name}: {used.sum()} of {len(used)} centers,\n"
        f"{layer.counts[layer.centers != 0].sum() / layer.weights.size:.1%} "
        f"of {layer.weights.size:,} not 0",
        fontsize=10,
    )
    axes.set_xlabel("weight")
    if axes.get_subplotspec().is_first_col():
        axes.set_ylabel("number of weights")
    _bare(axes)


def _draw_bytes(axes: Axes, history: dict[str, list[float]]) -> None:
    epochs = np.arange(1, len(history["hard_bits"]) + 1)
    relaxed, hard = (np.array(history[key]) / 8 for key in ("relaxed_bits", "hard_bits"))
    axes.plot(epochs, relaxed, color=TRAINED, label="relaxed, as in the loss")
    axes.plot(epochs, hard, color=CENTERS, label="hardened")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_title("Entropy of all kernels, bytes", fontsize=10)
    axes.set_xlabel("epoch")
    _bare(axes)


def _draw_accuracy(axes: Axes, history: dict[str, list[float]]) -> None:
    epochs = np.arange(1, len(history["accuracy"]) + 1)
    axes.plot(epochs, history["accuracy"], color=BEFORE, label="training")
    axes.plot(epochs, history["val_accuracy"], color=CENTERS, label="validation, hardened")
    lowest = np.median(history["val_accuracy"]) - 0.1
    axes.set_ylim(max(lowest, 0.0), 1.005)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_title("Accuracy", fontsize=10)
    axes.set_xlabel("epoch")
    _bare(axes)


def _mark_fine_tuning(axes: Axes, trained: int, epochs: int) -> None:
    axes.set_xlim(1, max(epochs, 2))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    if trained >= epochs:
        return
    axes.axvspan(
        trained + 0.5, epochs, color="#e8eaed", zorder=0, label="fine-tuning, assignments frozen"
    )
