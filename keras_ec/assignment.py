"""Assignment of weights to centers: pure functions, no state.

Shapes: ``weights`` is any float32 tensor of n elements, ``centers`` a sorted
float32 vector of K values. A weight w belongs to center k with probability

    P_k(w) = softmax_k( -(w - c_k)^2 / (2 (T d)^2) )

where d is the mean gap between centers and T the temperature, in gaps. The
marginal ``P_k`` is the mean over all weights, and the relaxed entropy
``n * H(P)`` in bits is the penalty of entropy-constrained training
(arXiv 1812.07520). The assignment by distance is that of deterministic
annealing (Rose 1998, "Deterministic annealing for clustering, compression,
classification, regression, and related optimization problems").

Functions named ``*_dense`` evaluate every pair of weight and center, O(n K).
They are the reference. The others use that, within one tensor, everything is a
function of the scalar w alone: it is tabulated on a fine grid and read back
with one look-up a weight, O(n + K^2).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from keras import ops

Tensor = Any

CELLS_PER_GAP = 32
"""Resolution of the tables, in cells per mean gap between centers."""

MIN_GAP = 1e-6
"""Least mean gap; centers that all fall together have no gap of their own."""


def mean_gap(centers: Tensor) -> Tensor:
    """Mean distance between neighbouring centers; the unit of temperature.

    Args:
        centers: float32, shape (K,), sorted, K >= 2.

    Returns:
        float32 scalar.
    """
    gap = (centers[-1] - centers[0]) / (centers.shape[0] - 1)
    return ops.maximum(ops.cast(gap, "float32"), MIN_GAP)


def soft_assignment(weights: Tensor, centers: Tensor, temperature: Tensor) -> Tensor:
    """Probability of every center for every weight.

    Args:
        weights: float32, any shape.
        centers: float32, shape (K,), sorted.
        temperature: float32 scalar > 0, in mean gaps.

    Returns:
        float32, shape ``weights.shape + (K,)``; sums to 1 over the last axis.

    Example:
        >>> p = soft_assignment(ops.array([0.1]), ops.array([-1.0, 0.0, 1.0]), 0.5)
        >>> int(ops.argmax(p[0]))
        1
    """
    width = ops.cast(temperature, "float32") * mean_gap(centers)
    distance = (ops.expand_dims(weights, -1) - centers) / width
    return ops.softmax(-0.5 * ops.square(distance), axis=-1)


def nearest(weights: Tensor, centers: Tensor) -> Tensor:
    """Index of the nearest center; a weight half-way goes to the lower one.

    Args:
        weights: float32, any shape.
        centers: float32, shape (K,), sorted.

    Returns:
        int32, shape of ``weights``, values in [0, K).
    """
    thresholds = 0.5 * (centers[1:] + centers[:-1])
    flat = ops.searchsorted(thresholds, ops.reshape(weights, (-1,)), side="left")
    return ops.reshape(ops.cast(flat, "int32"), weights.shape)


def nearest_level(weights: Tensor, spacing: Tensor, lowest: int, highest: int) -> Tensor:
    """Level of the nearest center of the uniform grid ``k * spacing``.

    Args:
        weights: float32, any shape.
        spacing: float32 scalar > 0.
        lowest: least level, k of the first center.
        highest: greatest level, k of the last center.

    Returns:
        float32, shape of ``weights``: whole numbers in [lowest, highest].
    """
    return ops.clip(ops.round(weights / spacing), lowest, highest)


def code_lengths(pmf: Tensor, n: Tensor | float) -> Tensor:
    """Bits per symbol, -log2 P, of a PMF estimated from n symbols.

    Probabilities below that of half a symbol in n count as that, so that an
    unused center costs much but never infinitely much.

    Args:
        pmf: float32, shape (K,).
        n: number of symbols, may be a float32 scalar.

    Returns:
        float32, shape (K,), bits.
    """
    return -ops.log(ops.maximum(pmf, 0.5 / n)) / math.log(2.0)


def entropy(pmf: Tensor) -> Tensor:
    """Entropy of a PMF in bits per symbol; empty symbols cost nothing.

    Args:
        pmf: float32, shape (K,), sums to 1.

    Returns:
        float32 scalar, bits.
    """
    positive = ops.maximum(pmf, 1e-30)
    return -ops.sum(pmf * ops.log(positive)) / math.log(2.0)


def pmf_dense(weights: Tensor, centers: Tensor, temperature: Tensor) -> Tensor:
    """Relaxed PMF by direct evaluation: the mean soft assignment, shape (K,)."""
    probabilities = soft_assignment(ops.reshape(weights, (-1,)), centers, temperature)
    return ops.mean(probabilities, axis=0)


def relaxed_bits_dense(weights: Tensor, centers: Tensor, temperature: Tensor) -> Tensor:
    """Relaxed entropy ``n * H(P)`` in bits by direct evaluation, O(n K).

    Differentiable in every argument; the reference for `relaxed_bits`.
    """
    return math.prod(weights.shape) * entropy(pmf_dense(weights, centers, temperature))


def _grid(centers: Tensor) -> tuple[Tensor, Tensor, int]:
    """Lower end, cell width and number of cells of the table of a set of centers.

    The table reaches one mean gap past the outer centers.
    """
    count = (centers.shape[0] + 1) * CELLS_PER_GAP
    gap = mean_gap(centers)
    return centers[0] - gap, gap / CELLS_PER_GAP, count


def _position(weights: Tensor, low: Tensor, width: Tensor, count: int) -> Tensor:
    """Place of each weight on the grid, in cells, clipped to [0, count)."""
    last = float(count) - 1.0 / 64
    return ops.clip(weights * (1.0 / width) - low / width, 0.0, last)


def _node_assignment(
    centers: Tensor, temperature: Tensor, low: Tensor, width: Tensor, count: int
) -> Tensor:
    """Soft assignment at the count + 1 nodes of the grid, shape (count + 1, K)."""
    nodes = low + width * ops.arange(count + 1, dtype="float32")
    return soft_assignment(nodes, centers, temperature)


@dataclass(frozen=True)
class Table:
    """Soft assignments of a tensor, tabulated over the values of its weights.

    Attributes:
        cell: int32, shape of the weights: the cell of the grid each weight is in.
        nodes: float32, shape (cells + 1, K): soft assignment at the ends of cells.
        width: float32 scalar, width of a cell.
        pmf: float32, shape (K,): mean soft assignment of the weights.
    """

    cell: Tensor
    nodes: Tensor
    width: Tensor
    pmf: Tensor

    def mean(self, function: Tensor) -> Tensor:
        """Value in each cell of a function given at the nodes, shape (cells,)."""
        return 0.5 * (function[1:] + function[:-1])

    def slope(self, function: Tensor) -> Tensor:
        """Derivative in each cell of a function given at the nodes, shape (cells,)."""
        return (function[1:] - function[:-1]) / self.width

    def look_up(self, columns: Sequence[Tensor]) -> list[Tensor]:
        """What functions of the cell, shape (cells,), have for each weight.

        One look-up for all: without XLA those of one by one take twice as long.
        """
        rows = ops.take(ops.stack(columns, axis=1), self.cell, axis=0)
        return [rows[..., i] for i in range(len(columns))]


def tabulate(weights: Tensor, centers: Tensor, temperature: Tensor) -> Table:
    """Tabulates the soft assignments of a tensor, O(n + K^2).

    Args:
        weights: float32, any shape, n elements.
        centers: float32, shape (K,), sorted.
        temperature: float32 scalar > 0, in mean gaps.

    Returns:
        The `Table`; nothing of it is differentiable.
    """
    n = math.prod(weights.shape)
    low, width, count = _grid(centers)
    nodes = _node_assignment(centers, temperature, low, width, count)
    cell = ops.cast(_position(weights, low, width, count), "int32")
    cell = ops.clip(cell, 0, count - 1)  # weights that are no numbers are in no cell
    counts = ops.cast(histogram(ops.reshape(cell, (-1,)), count), "float32")
    pmf = ops.matmul(counts, 0.5 * (nodes[1:] + nodes[:-1])) / n
    return Table(cell, nodes, width, pmf)


def histogram(cell: Tensor, count: int) -> Tensor:
    """How often each number occurs.

    Where there are many, pairs of them are counted: without XLA the time of TensorFlow's
    sum over segments is that of its terms, a multiple of all else that is done to a weight.
    (`keras.ops.bincount` is faster still, but takes half a second under XLA.)

    Args:
        cell: int32, shape (n,), whole numbers in [0, count).
        count: number of cells.

    Returns:
        int32, shape (count,); float32 would stop counting at 2^24.

    Example:
        >>> [int(times) for times in histogram(ops.array([2, 0, 2]), 3)]
        [1, 0, 2]
    """
    half = cell.shape[0] // 2
    if 4 * half < count**2:  # the table of pairs would cost more than it saves
        return _count(cell, count)
    pairs = _count(cell[:half] * count + cell[half : 2 * half], count**2)
    pairs = ops.reshape(pairs, (count, count))
    return ops.sum(pairs, axis=0) + ops.sum(pairs, axis=1) + _count(cell[2 * half :], count)


def _count(cell: Tensor, count: int) -> Tensor:
    ones = ops.ones(cell.shape, dtype="int32")
    return ops.reshape(ops.segment_sum(ones, cell, num_segments=count), (count,))


def rate_of_weights(
    evaluate: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]],
    weights: Tensor,
    centers: Tensor,
    temperature: Tensor,
) -> Tensor:
    """A rate in bits that has a gradient of its own, for the weights only.

    The gradient never reaches the centers: widening them is the cheapest way to
    fewer bits, and ruins the network.

    Args:
        evaluate: function of weights, centers and temperature that returns the
            rate, a float32 scalar, and its derivative, of the weights' shape.
        weights: float32, any shape.
        centers: float32, shape (K,), sorted.
        temperature: float32 scalar > 0, in mean gaps.

    Returns:
        float32 scalar, bits.
    """

    @ops.custom_gradient
    def rate(weights, centers, temperature):
        bits, slope = evaluate(weights, centers, temperature)

        def gradient(*args, upstream=None):
            if upstream is None:
                (upstream,) = args
            return slope * upstream, ops.zeros_like(centers), ops.zeros_like(temperature)

        return bits, gradient

    temperature = ops.convert_to_tensor(temperature)
    return rate(weights, ops.stop_gradient(centers), ops.stop_gradient(temperature))


def relaxed_bits(weights: Tensor, centers: Tensor, temperature: Tensor) -> Tensor:
    """Relaxed entropy ``n * H(P)`` in bits, O(n + K^2), with its gradient.

    The gradient, for the weights only, is that of
    ``sum_i sum_k P_k(w_i) * (-log2 P_k)`` with the PMF held constant, which
    equals the gradient of ``n * H(P)``.

    Args:
        weights: float32, any shape, n elements.
        centers: float32, shape (K,), sorted.
        temperature: float32 scalar > 0, in mean gaps.

    Returns:
        float32 scalar, bits.

    Example:
        >>> w = ops.array([0.0, 0.0, 0.0, 1.0])
        >>> bits = relaxed_bits(w, ops.array([-1.0, 0.0, 1.0]), 0.1)
        >>> round(float(bits), 1)  # 4 * H(1/4, 3/4)
        3.2
    """
    n = math.prod(weights.shape)

    def evaluate(weights, centers, temperature):
        table = tabulate(weights, centers, temperature)
        lengths = code_lengths(table.pmf, n)
        rate = ops.matmul(table.nodes, ops.expand_dims(lengths, 1))[:, 0]
        return n * entropy(table.pmf), ops.take(table.slope(rate), table.cell)

    return rate_of_weights(evaluate, weights, centers, temperature)


def soft_moments(weights: Tensor, centers: Tensor, temperature: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of each weight under its soft assignment, O(n + K^2).

    Linear interpolation between tabulated values; differentiable in weights
    and centers.

    Args:
        weights: float32, any shape.
        centers: float32, shape (K,), sorted.
        temperature: float32 scalar > 0, in mean gaps.

    Returns:
        Two float32 tensors of the shape of ``weights``: means, variances >= 0.
    """
    fixed = ops.stop_gradient(centers)
    low, width, count = _grid(fixed)
    nodes = _node_assignment(centers, temperature, low, width, count)
    mean = ops.matmul(nodes, ops.expand_dims(centers, 1))
    variance = ops.matmul(nodes, ops.expand_dims(ops.square(centers), 1)) - ops.square(mean)
    table = ops.concatenate([mean, ops.maximum(variance, 0.0)], axis=1)

    position = _position(weights, low, width, count)
    cell = ops.cast(ops.stop_gradient(position), "int32")
    fraction = ops.expand_dims(position - ops.cast(cell, "float32"), -1)
    moments = (1.0 - fraction) * ops.take(table, cell, axis=0)
    moments = moments + fraction * ops.take(table, cell + 1, axis=0)
    return moments[..., 0], moments[..., 1]


def hard_bits(indices: Tensor, count: int) -> Tensor:
    """Order-0 entropy of hard assignments, ``n * H`` of their histogram.

    Args:
        indices: int32, any shape, values in [0, count).
        count: number of centers K.

    Returns:
        float32 scalar, bits.
    """
    flat = ops.clip(ops.reshape(indices, (-1,)), 0, count - 1)  # of weights that are no numbers
    histogram = ops.cast(ops.bincount(flat, minlength=count), "float32")
    n = math.prod(indices.shape)
    return n * entropy(histogram / n)
