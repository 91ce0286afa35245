"""How a tensor is laid out as a matrix, and where the encoder expects it to resemble itself.

The columns are one axis of the tensor; the rows are the other axes, rotated so that any of them
may be the innermost. Rows are compared with those one step back along each of the row axes. The
rows of a plain matrix may be a picture, of a width that is part of the layout: then they are
compared with their neighbours in it.
"""

import dataclasses
import math

import numpy as np

from keras_ec.coding.classes import half_logs
from keras_ec.coding.integer_matrix import MAX_LAGS

MAX_WIDTH = 64
"""Largest width of a picture."""

_MOST_AXES = 16
"""Column axes and rotations are coded in four bits."""

_SMALL = 1 << 16
_CLASSES = 16
_MANY_ROWS = 1024
"""Every row costs time, so that layouts of many short rows are not tried."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """A way to see a tensor as a matrix.

    Attributes:
        column_axis: The axis that becomes the columns.
        rotation: By how many places the other axes are rotated to the left, in `[0, rank - 2]`.
        width: Width of the picture that the rows are, 0 for none, in `[2, MAX_WIDTH]` otherwise.
    """

    column_axis: int = 0
    rotation: int = 0
    width: int = 0

    def order(self, rank: int) -> tuple[int, ...]:
        """Returns the axes, those of the rows outermost first, then that of the columns."""
        rest = [axis for axis in range(rank) if axis != self.column_axis]
        return (*rest[self.rotation :], *rest[: self.rotation], self.column_axis)

    def matrix_shape(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Returns rows and columns of a tensor of the given shape."""
        columns = shape[self.column_axis]
        return math.prod(shape) // columns, columns

    def to_matrix(self, values: np.ndarray) -> np.ndarray:
        """Returns a tensor as a matrix."""
        moved = values.transpose(self.order(values.ndim))
        return np.ascontiguousarray(moved).reshape(self.matrix_shape(values.shape))

    def from_matrix(self, matrix: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Returns the tensor of a matrix."""
        order = self.order(len(shape))
        moved = matrix.reshape([shape[axis] for axis in order])
        return np.ascontiguousarray(moved.transpose(np.argsort(order)))

    def row_lengths(self, shape: tuple[int, ...]) -> list[int]:
        """Returns the lengths of the row axes, outermost first."""
        return [shape[axis] for axis in self.order(len(shape))[:-1]]

    def lags(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Returns the distances, in rows, at which rows are compared."""
        if self.width:
            lags = [1, self.width, self.width + 1, self.width - 1]
        else:
            lengths = self.row_lengths(shape)
            lags = [math.prod(lengths[i:]) for i in range(len(lengths), 0, -1)]
            if len(lengths) == 1:
                lags.append(2)
        distinct = list(dict.fromkeys(lags))[:MAX_LAGS]
        return tuple(lag for lag in distinct if lag < self.matrix_shape(shape)[0])

    def period(self, shape: tuple[int, ...]) -> int:
        """Returns after how many rows positions repeat: the inner axes of a kernel."""
        return math.prod(self.row_lengths(shape)[1:])


def static_bits(live: np.ndarray, contexts: np.ndarray) -> float:
    """Estimates the bits of truth values in contexts, the cost of learning included."""
    total = np.bincount(contexts.ravel())
    ones = np.bincount(contexts.ravel()[live.ravel()], minlength=total.size)
    total, ones = total[total > 0].astype(float), ones[total > 0].astype(float)
    p = (ones + 0.4) / (total + 0.8)
    return float(-(ones * np.log2(p) + (total - ones) * np.log2(1 - p)).sum())


def _estimate(matrix: np.ndarray, lags: tuple[int, ...]) -> float:
    """Estimates the bits of a matrix' zero flags in one layout."""
    live = matrix != 0
    near = np.zeros(live.shape, np.int64)
    counts = live.sum(1)
    before = np.zeros(len(live), np.int64)
    for lag in lags:
        near[lag:] += live[:-lag]
        before[lag:] += counts[:-lag]
    columns = np.minimum(half_logs(live.sum(0)), _CLASSES - 1)
    rows = np.minimum(half_logs(before), _CLASSES - 1)
    contexts = (near * _CLASSES + columns) * _CLASSES + rows[:, None]
    learning = 0.5 * np.log2(len(live) + 1) * live.any(0).sum() + live.shape[1]
    return static_bits(live, contexts) + learning


def _likely_width(matrix: np.ndarray) -> int:
    """Returns the width at which most non-zeros lie above one another, 0 for none."""
    live = matrix != 0
    widths = range(3, min(MAX_WIDTH, len(live) // 4) + 1)
    if not widths:
        return 0
    pairs = [np.count_nonzero(live[width:] & live[:-width]) for width in widths]
    best = int(np.argmax(pairs))
    return widths[best] if pairs[best] > 1.2 * np.median(pairs) + 8 else 0


def choose_layout(values: np.ndarray) -> Layout:
    """Returns the layout that promises the fewest bits.

    Args:
        values: Integer tensor of rank 2 or more, no axis of length 1.
    """
    rank = values.ndim
    axes = range(rank)
    if rank > 2 and values.size > _SMALL:
        axes = (0, rank - 1)
    best, best_bits = Layout(int(np.argmax(values.shape[:_MOST_AXES]))), math.inf
    for axis in (axis for axis in axes if axis < _MOST_AXES):
        for rotation in range(min(rank - 1, _MOST_AXES)):
            layout = Layout(axis, rotation)
            rows, columns = layout.matrix_shape(values.shape)
            if rows > max(_MANY_ROWS, 8 * columns):
                continue
            matrix = layout.to_matrix(values)
            candidates = [layout]
            if rank == 2 and (width := _likely_width(matrix)):
                candidates.append(Layout(axis, rotation, width))
            for candidate in candidates:
                bits = _estimate(matrix, candidate.lags(values.shape))
                if bits < best_bits:
                    best, best_bits = candidate, bits
    return best
