"""How large the integers of a matrix are expected to be: by column so far, and by row so far."""

import numpy as np

from keras_ec.coding.classes import sixteenth_log, sixteenth_logs

CLASSES = 24
_LARGEST = 4095
_SCALE_BITS = 10
_COLUMN_PRIOR = 2
_ROW_PRIOR = 4
_RATIO_BITS = 8


class ExpectedMagnitudes:
    """Running means of magnitudes, which scale with row and column.

    The integer in a row and column is expected to have the column's mean magnitude, times what the
    row's magnitudes so far are to those expected of them. Rows are added run by run.

    Args:
        columns: Number of columns of the matrix.
    """

    def __init__(self, columns: int) -> None:
        self._sums = np.zeros(columns, np.int64)
        self._rows = self._total = 0
        self._seen = self._hoped = 0

    def classes(self, span: slice) -> np.ndarray:
        """Returns classes of the expected magnitudes in the next run of a row.

        Args:
            span: The run's columns.

        Returns:
            int64 array in `[0, CLASSES)`: eighths of octaves above or below the overall mean.
        """
        overall = self._overall()
        columns = self._columns(span)
        seen, hoped = self._seen + _ROW_PRIOR * overall, self._hoped + _ROW_PRIOR * overall
        ratio = min(max((seen << _RATIO_BITS) // hoped, 1), 1 << 16)
        expected = (columns * ratio >> _RATIO_BITS) + 16
        octaves = sixteenth_logs(expected) - sixteenth_log(overall) >> 1
        return np.minimum(np.maximum(octaves + CLASSES // 2, 0), CLASSES - 1)

    def add_run(self, span: slice, magnitudes: np.ndarray) -> None:
        """Takes note of a run, int array of the columns `span`; to be called for every run."""
        self._hoped += int(self._columns(span).sum())
        self._seen += int(np.minimum(magnitudes, _LARGEST).sum()) << _SCALE_BITS

    def end_row(self, magnitudes: np.ndarray) -> None:
        """Takes note of a whole row, all of whose runs have been added."""
        self._sums += np.minimum(magnitudes, _LARGEST)
        self._rows += 1
        self._total += self._seen >> _SCALE_BITS
        self._seen = self._hoped = 0

    def _overall(self) -> int:
        one = 1 << _SCALE_BITS
        return (self._total * one + one) // (self._rows * self._sums.size + 1) + 16

    def _columns(self, span: slice) -> np.ndarray:
        prior = _COLUMN_PRIOR * self._overall()
        return ((self._sums[span] << _SCALE_BITS) + prior) // (self._rows + _COLUMN_PRIOR)
