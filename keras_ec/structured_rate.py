"""The rate of a weight tensor whose rows and columns are used unequally.

The order-0 rate gives every weight of a tensor the same PMF. The coder does
better: where a whole row or column of a kernel is empty, its zeros cost next to
nothing. This rate models that, so that training earns bits by leaving whole
units and inputs unused.

A weight is coded in two steps: whether it is at the center 0, and if not, which
of the other centers it is at. The second step uses the PMF of the tensor, by frequencies
(`structured_bits`) or geometric in the magnitude (`geometric_bits`). The first has a
probability of its own for each weight, by log-odds that add up:

    logit p = logit f + sum over groups g of (logit f_g - logit f)

where f is the frequency of non-zeros in the tensor and f_g that in the weight's
row, column or channel. It is a product model of frequencies, as used for
contingency tables (log-linear models of independence), in log-odds.

p is at most `MAX_DENSITY`, also where more weights are non-zero. Beyond one half a zero would
cost more than a non-zero, and training would drive a dense row further from 0; near one half
zeros would earn next to nothing. Entropy is concave in the frequency, so that a tensor that
starts dense would never get across the hump in between.

Frequencies are those of the hard assignment: what the coder will see. Those of the
soft one are nearly the same in dead and living rows while the temperature is high,
since a weight at 0 then counts as a third of a non-zero.
"""

from __future__ import annotations

import math
from typing import Any

from keras import ops

from keras_ec.assignment import Table, code_lengths, mean_gap, rate_of_weights, tabulate

Tensor = Any

PRIOR_WEIGHTS = 1.0
"""Weights at the frequency of the tensor that each group is taken to hold beforehand."""

MIN_LOG_ODDS = -14.0
"""Bound of log-odds: a zero costs at least 1e-6 bits, a non-zero at most 20."""

MAX_DENSITY = 0.2
"""Bound of the probability of a non-zero: it costs 2 bits more than a zero at least."""

RATIOS = (0.25, 0.95)
"""Bounds of the ratio of a geometric PMF: one gap more costs 2 to 0.07 bits."""


def groups(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Axes that the frequencies of non-zeros are averaged over.

    The last axis of a Keras kernel is the output, the one before it the input.
    Rows are all weights that differ in the output only, columns all weights of an
    output, channels, if there are more than two axes, all weights of an input.

    Args:
        shape: shape of the weight tensor.

    Returns:
        For each kind of group the axes along which the members of a group lie.
        Kinds that consist of single weights, or of the whole tensor, are left out.

    Example:
        >>> groups((784, 300))
        [(1,), (0,)]
        >>> groups((5, 5, 20, 50))
        [(3,), (0, 1, 2), (0, 1, 3)]
    """
    last = len(shape) - 1
    kinds = [(last,), tuple(range(last))]
    if last > 1:
        kinds.append(tuple(axis for axis in range(len(shape)) if axis != last - 1))
    sizes = [math.prod(shape[axis] for axis in kind) for kind in kinds]
    return [k for k, m in zip(kinds, sizes, strict=True) if 1 < m < math.prod(shape)]


def non_zeros_of(weights: Tensor, centers: Tensor) -> Tensor:
    """Indicator of weights that are not assigned to the center 0.

    Args:
        weights: float32, any shape.
        centers: float32, shape (K,), one of them 0.

    Returns:
        float32, shape of ``weights``: 1 where another center is nearer than 0, else 0.
    """
    above = ops.min(ops.where(centers > 0, centers, float("inf")))
    below = ops.max(ops.where(centers < 0, centers, -float("inf")))
    beyond = ops.logical_or(weights > 0.5 * above, weights < 0.5 * below)
    return ops.cast(beyond, "float32")


def log_odds(non_zero: Tensor) -> Tensor:
    """Log-odds that each weight is not at 0, by the frequencies in its groups.

    Args:
        non_zero: float32, shape of the weights: 1 for non-zeros, 0 for zeros.

    Returns:
        float32, from `MIN_LOG_ODDS` to those of `MAX_DENSITY`; its shape broadcasts to that of
        ``non_zero``, with lengths of 1 where all weights along an axis have the same.
    """
    least = 0.5 / math.prod(non_zero.shape)
    frequency = ops.clip(ops.mean(non_zero), least, 1.0 - least)
    overall = _logit(frequency)
    total = overall
    for axes in groups(tuple(non_zero.shape)):
        size = math.prod(non_zero.shape[axis] for axis in axes)
        count = ops.sum(non_zero, axis=axes, keepdims=True)
        within = (count + PRIOR_WEIGHTS * frequency) / (size + PRIOR_WEIGHTS)
        total = total + (_logit(ops.clip(within, 1e-7, 1.0 - 1e-4)) - overall)
    return ops.clip(total, MIN_LOG_ODDS, math.log(MAX_DENSITY / (1.0 - MAX_DENSITY)))


def structured_bits(weights: Tensor, centers: Tensor, temperature: Tensor) -> Tensor:
    """Relaxed rate of a tensor in bits under the row and column model, O(n + K^2).

    It is the mean code length of soft assignments, coded with the frequencies of the
    hard ones. Its gradient, for the weights only, is that with all probabilities held
    constant, as in `keras_ec.assignment.relaxed_bits`.

    Args:
        weights: float32, any shape, n elements.
        centers: float32, shape (K,), sorted, one of them 0.
        temperature: float32 scalar > 0, in mean gaps.

    Returns:
        float32 scalar, bits.

    Example:
        >>> w = ops.array([[1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
        >>> centers = ops.array([-1.0, 0.0, 1.0])
        >>> bool(structured_bits(w, centers, 0.1) < relaxed_bits(w, centers, 0.1))
        True
    """
    n = math.prod(weights.shape)

    def evaluate(weights, centers, temperature):
        table = tabulate(weights, centers, temperature)
        non_zeros = table.pmf * _beside_zero(centers)
        share = ops.maximum(ops.sum(non_zeros), 0.5 / n)
        lengths = code_lengths(non_zeros / share, n * share)
        return _bits_and_slope(weights, centers, table, lengths)

    return rate_of_weights(evaluate, weights, centers, temperature)


def geometric_bits(weights: Tensor, centers: Tensor, temperature: Tensor) -> Tensor:
    """Relaxed rate of a tensor in bits, non-zeros dearer the larger they are, O(n + K^2).

    As `structured_bits`, but which of the other centers a non-zero is at follows a
    geometric PMF of its magnitude, the number of centers from 0, with the mean of the
    tensor's, and a bit for the sign. By frequencies a center that many weights are at is cheap
    and an empty one below it dear, so that weights gather there and do not get back to 0.

    Where the relaxed rate gets flat, from a quarter gap within the outermost centers outwards, the
    gradient is not its derivative but the bits that one center more adds, a mean gap.

    Args:
        weights: float32, any shape, n elements.
        centers: float32, shape (K,), sorted, one of them 0.
        temperature: float32 scalar > 0, in mean gaps.

    Returns:
        float32 scalar, bits.

    Example:
        >>> w = ops.array([0.0, 2.0, 2.0, 2.0])
        >>> centers = ops.array([-2.0, -1.0, 0.0, 1.0, 2.0])
        >>> nearer = ops.array([0.0, 1.0, 2.0, 2.0])
        >>> bool(geometric_bits(nearer, centers, 0.1) < geometric_bits(w, centers, 0.1))
        True
    """

    def evaluate(weights, centers, temperature):
        table = tabulate(weights, centers, temperature)
        lengths, step = _geometric_lengths(table.pmf, centers)
        bits, slope = _bits_and_slope(weights, centers, table, lengths)
        step = step / mean_gap(centers)
        highest = centers[-1] - 0.25 * (centers[-1] - centers[-2])
        lowest = centers[0] + 0.25 * (centers[1] - centers[0])
        above = ops.logical_and(centers[-1] > 0, weights > highest)
        below = ops.logical_and(centers[0] < 0, weights < lowest)
        return bits, ops.where(above, step, ops.where(below, -step, slope))

    return rate_of_weights(evaluate, weights, centers, temperature)


def _geometric_lengths(pmf: Tensor, centers: Tensor) -> tuple[Tensor, Tensor]:
    """Bits of each center by a geometric PMF of magnitudes, and how many one more adds.

    Args:
        pmf: float32, shape (K,).
        centers: float32, shape (K,), sorted, one of them 0.

    Returns:
        float32, shape (K,), sign included, and float32 scalar.
    """
    below = ops.sum(ops.cast(centers < 0, "float32"))
    magnitudes = ops.abs(ops.arange(centers.shape[0], dtype="float32") - below)
    non_zeros = pmf * _beside_zero(centers)
    mean = ops.sum(non_zeros * magnitudes) / ops.maximum(ops.sum(non_zeros), 1e-12)
    ratio = ops.clip(1.0 - 1.0 / ops.maximum(mean, 1.0), *RATIOS)
    step = -ops.log(ratio) / math.log(2.0)
    return 1.0 - ops.log(1.0 - ratio) / math.log(2.0) + (magnitudes - 1.0) * step, step


def _beside_zero(centers: Tensor) -> Tensor:
    return ops.cast(centers != 0, "float32")


def _bits_and_slope(
    weights: Tensor, centers: Tensor, table: Table, lengths: Tensor
) -> tuple[Tensor, Tensor]:
    """Rate in bits and its derivative by each weight.

    Args:
        weights: float32, any shape, n elements.
        centers: float32, shape (K,), sorted, one of them 0.
        table: soft assignments of the weights.
        lengths: float32, shape (K,): bits that say which center a non-zero is at.

    Returns:
        float32 scalar, and float32 of the shape of ``weights``.
    """
    beside_zero = _beside_zero(centers)
    lengths = beside_zero * lengths
    presence, rate = ops.unstack(
        ops.matmul(table.nodes, ops.stack([beside_zero, lengths], axis=1)), axis=1
    )
    columns = [table.mean(presence), table.slope(presence), table.slope(rate)]
    non_zero, presence_slope, rate_slope = table.look_up(columns)
    odds = log_odds(non_zeros_of(weights, centers))

    zeros = ops.log1p(ops.exp(odds))  # odds are bounded; softplus takes twice as long
    bits = ops.sum(zeros - non_zero * odds) / math.log(2.0)
    bits = bits + math.prod(weights.shape) * ops.sum(table.pmf * lengths)
    return bits, rate_slope - odds / math.log(2.0) * presence_slope


def _logit(probability: Tensor) -> Tensor:
    return ops.log(probability) - ops.log(1.0 - probability)
