"""Probability model of a matrix of small signed integers, most of them often zero.

The matrix is coded row by row, a row in a few runs of columns. Each integer is a zero flag, a
sign and a magnitude. What predicts them: the column so far, the row so far, the integers at a few
fixed distances in the same column, how full the rows at these distances are, and, where a layer
before it is known to be related, how full its unit was. Every prediction is learned while coding,
no table is sent.
"""

import dataclasses
import itertools
import math

import numpy as np

from keras_ec.coding.adaptive_bits import AdaptiveUint, code_bounded
from keras_ec.coding.classes import half_log, half_logs, sixteenth_log
from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.expected_magnitudes import CLASSES as SCALE_CLASSES
from keras_ec.coding.expected_magnitudes import ExpectedMagnitudes
from keras_ec.coding.logistic import stretch
from keras_ec.coding.magnitudes import Magnitudes
from keras_ec.coding.mixed_bits import MixedBits
from keras_ec.coding.range_coder import ONE, BitCoder

MAX_MAGNITUDE = (1 << 31) - 1
MAX_LAGS = 4
MAX_ELEMENTS = 1 << 32
LINK_CLASSES = 24

_ROW_CLASSES = 20
_DENSITY_CLASSES = 16
_FEW_ROWS = 2048
_SHARE = 39322
"""0.6 decisions in units of `2**-16`: what steadies the ratio of two counts."""


@dataclasses.dataclass(frozen=True)
class Neighbours:
    """Where a matrix is expected to resemble itself or another one.

    Attributes:
        lags: At most `MAX_LAGS` distances in rows, each at least 1.
        period: Number of rows after which a pattern of positions repeats; 1 for none.
        row_links: Class of every row, int64 of shape `(rows,)` in `[0, LINK_CLASSES)`, or `None`.
        column_links: Class of every column, likewise.
    """

    lags: tuple[int, ...] = ()
    period: int = 1
    row_links: np.ndarray | None = None
    column_links: np.ndarray | None = None


def run_edges(rows: int, columns: int) -> list[tuple[int, int]]:
    """Returns the runs of columns that are coded at once.

    A single row is coded in runs growing by a quarter, others in four or seven runs where rows are
    too few to learn from one another.
    """
    if rows > 1:
        sixteenths = [0, 16]
        if rows <= _FEW_ROWS and columns >= 32:
            sixteenths = [0, 1, 3, 8, 16] if columns < 96 else [0, 1, 2, 4, 6, 8, 12, 16]
        return list(itertools.pairwise(columns * cut >> 4 for cut in sixteenths))
    edges = []
    begin = 0
    while begin < columns:
        end = min(columns, begin + max(4, begin >> 2))
        edges.append((begin, end))
        begin = end
    return edges


class _ZeroFlags:
    """Model of the zero flags: whether integers are zero (0) or not (1)."""

    def __init__(self, columns: int, neighbours: Neighbours) -> None:
        self._neighbours = neighbours
        patterns = 1 << len(neighbours.lags)
        self._period = min(neighbours.period, 64)
        sizes = [
            columns,
            patterns * _ROW_CLASSES,
            _ROW_CLASSES * 16,
            _DENSITY_CLASSES * 16 * 3,
            LINK_CLASSES * _DENSITY_CLASSES,
            self._period * 4,
            SCALE_CLASSES,
        ]
        self.bits = MixedBits(sizes, [8] * len(sizes), inputs=1, sets=2)

    def contexts(
        self,
        row: int,
        span: slice,
        pattern: np.ndarray,
        near: np.ndarray,
        row_class: int,
        found: int,
        expected: int,
        scales: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns contexts, the product prediction, and the columns' probabilities."""
        model = self.bits
        columns = np.arange(span.start, span.stop)
        p_column = model.probabilities(0, columns)
        base = int(stretch(model.overall()))
        density = ((stretch(p_column).astype(np.int64) - base) * 3 >> 9) + 8
        density = np.minimum(np.maximum(density, 0), _DENSITY_CLASSES - 1)
        seen, hoped = (found << 16) + _SHARE, expected + _SHARE
        ratio = 8
        product = p_column
        if span.start:
            ratio = min(max((sixteenth_log(seen) - sixteenth_log(hoped) >> 3) + 8, 0), 15)
            product = np.minimum(np.maximum(p_column * seen // hoped, 1), ONE - ONE // 64)
        contexts = np.empty((7, columns.size), np.int64)
        contexts[0] = columns
        contexts[1] = pattern * _ROW_CLASSES + row_class
        contexts[2] = row_class * 16 + ratio
        contexts[3] = (density * 16 + ratio) * 3 + np.minimum(near, 2)
        contexts[4] = density
        links = self._neighbours
        if links.row_links is not None:
            contexts[4] += _DENSITY_CLASSES * int(links.row_links[row])
        elif links.column_links is not None:
            contexts[4] = links.column_links[span] * _DENSITY_CLASSES + min(row_class, 15)
        contexts[5] = row % self._period * 4 + (density >> 2)
        contexts[6] = scales
        return contexts, product[None], p_column


def _lagged(matrix: np.ndarray, row: int, lags: tuple[int, ...]) -> np.ndarray:
    """Returns the rows at each lag before `row`, zeros where there are none."""
    result = np.zeros((len(lags), matrix.shape[1]), np.int32)
    for i, lag in enumerate(lags):
        if lag <= row:
            result[i] = matrix[row - lag]
    return result


def _code_rows(
    coder: BitCoder,
    matrix: np.ndarray,
    neighbours: Neighbours,
    limits: tuple[int, int],
    encoding: bool,
) -> None:
    """Codes all rows; when decoding, fills `matrix`."""
    rows, columns = matrix.shape
    flags, values = _ZeroFlags(columns, neighbours), Magnitudes(columns, *limits)
    magnitudes = ExpectedMagnitudes(columns)
    runs = run_edges(rows, columns)
    counts = np.zeros(rows, np.int64)
    powers = (1 << np.arange(len(neighbours.lags)))[:, None]
    for row in range(rows):
        lagged = _lagged(matrix, row, neighbours.lags)
        live = lagged != 0
        pattern = (live * powers).sum(0)
        near = live.sum(0)
        before = sum(int(counts[row - lag]) for lag in neighbours.lags if lag <= row)
        row_class = min(half_log(before), _ROW_CLASSES - 1)
        found = expected = 0
        for start, stop in runs:
            span = slice(start, stop)
            scales = magnitudes.classes(span)
            contexts, product, p_column = flags.contexts(
                row, span, pattern[span], near[span], row_class, found, expected, scales
            )
            run = matrix[row, span]
            known = (run != 0).astype(np.int32) if encoding else None
            coded = flags.bits.code(coder, contexts, known, product, int(start > 0))
            place = np.flatnonzero(coded)
            if place.size:
                decoded = values.code(
                    coder,
                    place + start,
                    lagged[:, span][:, place],
                    scales[place],
                    run[place] if encoding else None,
                )
                if not encoding:
                    run[place] = decoded
            found += place.size
            expected += int(p_column.sum())
            magnitudes.add_run(span, np.abs(run.astype(np.int64)))
        counts[row] = found
        magnitudes.end_row(np.abs(matrix[row].astype(np.int64)))


def code_matrix(
    coder: BitCoder,
    shape: tuple[int, int],
    values: np.ndarray | None = None,
    neighbours: Neighbours | None = None,
) -> np.ndarray:
    """Codes a matrix of signed integers.

    Args:
        coder: Encoder, decoder or cost counter.
        shape: `(rows, columns)`, known to both sides; both at least 1.
        values: Integer array of that shape when encoding, `None` when decoding. Magnitudes are
            at most `MAX_MAGNITUDE`.
        neighbours: What to predict from; the same on both sides.

    Returns:
        int32 array of shape `shape`.

    Raises:
        ValueError: If a magnitude is too large.
        CorruptFileError: If the stream holds impossible values.
    """
    if math.prod(shape) > MAX_ELEMENTS:
        raise CorruptFileError(f"Expected at most {MAX_ELEMENTS} integers, found more.")
    encoding = values is not None
    limits = AdaptiveUint(32)
    bounds: list[int | None] = [None, None]
    if encoding:
        bounds = [max(0, int(values.max())), max(0, -int(values.min()))]
        if max(bounds) > MAX_MAGNITUDE:
            raise ValueError(
                f"Expected integers of magnitude at most {MAX_MAGNITUDE}. Received: {max(bounds)}"
            )
    most = code_bounded(coder, limits, MAX_MAGNITUDE, bounds[0])
    least = code_bounded(coder, limits, MAX_MAGNITUDE, bounds[1])
    if (most or least) and not encoding:
        coder.expect(math.prod(shape))
    matrix = np.array(values, np.int32) if encoding else np.zeros(shape, np.int32)
    if most or least:
        _code_rows(coder, matrix, neighbours or Neighbours(), (most, least), encoding)
    return matrix


def link_classes(counts: np.ndarray) -> np.ndarray:
    """Returns classes, in `[0, LINK_CLASSES)`, of numbers of non-zeros."""
    return np.minimum(half_logs(counts), LINK_CLASSES - 1)
