"""Table of what entropy-constrained training made of each layer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops
from rich.console import Console
from rich.table import Table
from rich.text import Text

from keras_ec.conversion import unconverted_layers
from keras_ec.layers.base import QuantizedWeight
from keras_ec.traversal import quantized_weights


@dataclass(frozen=True)
class WeightRow:
    """One line of the summary: a weight tensor.

    Attributes:
        name: layer and weight, such as "dense/kernel".
        kind: class of the layer.
        shape: shape of the tensor.
        weights: number of weights.
        centers: number of centers K; 0 for a tensor that is not quantized.
        centers_in_use: distinct values of the hardened tensor.
        non_zeros: weights not at 0 after hardening.
        bits: order-0 entropy of the hardened tensor in bits, or 32 a weight
            where it is not quantized.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    weights: int
    centers: int
    centers_in_use: int
    non_zeros: int
    bits: float

    @property
    def bits_per_weight(self) -> float:
        """Bits a weight."""
        return self.bits / self.weights

    @property
    def bytes(self) -> int:
        """Whole bytes at this rate."""
        return math.ceil(self.bits / 8)


def weight_rows(model: keras.layers.Layer) -> list[WeightRow]:
    """Figures of every weight matrix of a model, quantized ones first.

    Bytes are an estimate, the order-0 entropy of each kernel; the size of the
    coded network is that of the file `keras_ec.compress` writes.

    Args:
        model: a built model with EC layers.

    Returns:
        One `WeightRow` a tensor of two or more dimensions.

    Raises:
        ValueError: if the model holds no EC layer or is not built.
    """
    weights = quantized_weights(model)
    rows = [_quantized_row(weight) for weight in weights]
    known = {id(weight.variable) for weight in weights}
    for layer in unconverted_layers(model):
        for variable in layer.weights:
            if len(variable.shape) >= 2 and id(variable) not in known:
                known.add(id(variable))
                rows.append(_plain_row(layer, variable))
    return rows


def _quantized_row(weight: QuantizedWeight) -> WeightRow:
    hard = weight.hardened()
    return WeightRow(
        name=f"{weight.layer.name}/{weight.name}",
        kind=type(weight.layer).__name__,
        shape=tuple(weight.variable.shape),
        weights=hard.size,
        centers=weight.centers.count,
        centers_in_use=len(np.unique(hard)),
        non_zeros=int(np.count_nonzero(hard)),
        bits=float(ops.convert_to_numpy(weight.hard_bits())),
    )


def _plain_row(layer: keras.layers.Layer, variable: keras.Variable) -> WeightRow:
    value = ops.convert_to_numpy(variable)
    return WeightRow(
        name=f"{layer.name}/{variable.name}",
        kind=type(layer).__name__,
        shape=tuple(variable.shape),
        weights=value.size,
        centers=0,
        centers_in_use=len(np.unique(value)),
        non_zeros=int(np.count_nonzero(value)),
        bits=32.0 * value.size,
    )


def summary(model: keras.layers.Layer, print_fn: Callable[[str], None] | None = None) -> None:
    """Prints a table of the weights: centers in use, non-zeros, bits, bytes.

    Args:
        model: a built model with EC layers.
        print_fn: receives the table as one string; printed to the terminal if
            None.

    Raises:
        ValueError: if the model holds no EC layer or is not built.

    Example:
        >>> keras_ec.summary(model)
    """
    rows = weight_rows(model)
    title = Text(f"Entropy-constrained weights of '{model.name}'")
    table = Table(title=title, title_justify="left")
    table.add_column("layer", overflow="fold")
    for heading in ("shape", "weights", "centers", "non-zeros", "bits/weight", "bytes"):
        table.add_column(heading, justify="right")
    for row in rows:
        centers = f"{row.centers_in_use} of {row.centers}" if row.centers else "-"
        table.add_row(
            Text(row.name if row.centers else f"{row.name} *"),
            "x".join(map(str, row.shape)),
            f"{row.weights:,}",
            centers,
            f"{row.non_zeros:,} ({row.non_zeros / row.weights:.1%})",
            f"{row.bits_per_weight:.3f}",
            f"{row.bytes:,}",
        )
    count, bits = sum(row.weights for row in rows), sum(row.bits for row in rows)
    table.add_section()
    table.add_row(
        "total",
        "",
        f"{count:,}",
        "",
        f"{sum(row.non_zeros for row in rows):,}",
        f"{bits / count:.3f}",
        f"{math.ceil(bits / 8):,}",
    )
    table.caption = "bytes: order-0 entropy of hardened weights; 4 a weight where not converted (*)"
    console = Console(width=None if print_fn is None else 120)
    if print_fn is None:
        console.print(table)
        return
    with console.capture() as capture:
        console.print(table)
    print_fn(capture.get())
