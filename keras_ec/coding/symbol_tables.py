"""Frequency tables of symbols: from counts to 16-bit cumulative frequencies, as small integers."""

import numpy as np

from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.range_coder import ONE

MAX_SYMBOLS = 256
MAX_LEVEL = 16 * 17
"""Levels are 1 + 16 times the binary logarithm of a frequency, linear between powers of two."""


def levels_of(counts: np.ndarray) -> np.ndarray:
    """Returns the levels that stand for counts.

    Args:
        counts: int64 array of shape `(tables, symbols)`.

    Returns:
        int64 array of the same shape, values in `[0, MAX_LEVEL]`; 0 for symbols that are absent.
    """
    total = np.maximum(counts.sum(1, keepdims=True), 1)
    frequency = np.maximum(counts * ONE // total, 1)
    exponent = np.frexp(frequency.astype(np.float64))[1] - 1
    rounded = np.rint(frequency / np.exp2(exponent - 4.0)).astype(np.int64) - 16
    return np.where(counts > 0, np.minimum(16 * exponent + rounded + 1, MAX_LEVEL), 0)


def cumulative_of(levels: np.ndarray) -> np.ndarray:
    """Returns the cumulative frequencies of levels.

    Each level stands for a share; shares are scaled to `2**16`, at least 1 where the level is not
    0, and the most frequent symbol, the first of them, takes what is left.

    Args:
        levels: int64 array of shape `(tables, symbols)`, values in `[0, MAX_LEVEL]`.

    Returns:
        int32 array of shape `(tables, symbols + 1)`, each row from 0 to `2**16`.

    Raises:
        CorruptFileError: If a table has no symbols or a level is out of range.
    """
    if levels.min() < 0 or levels.max() > MAX_LEVEL or not levels.max(1).all():
        raise CorruptFileError("Expected levels of symbol frequencies, found impossible ones.")
    level = np.maximum(levels - 1, 0)
    share = np.where(levels > 0, (16 + (level & 15)) << (level >> 4), 0)
    frequency = np.where(levels > 0, np.maximum(share * ONE // share.sum(1, keepdims=True), 1), 0)
    rows, largest = np.arange(len(frequency)), frequency.argmax(1)
    frequency[rows, largest] += ONE - frequency.sum(1)
    if frequency.min() < 0 or not frequency[rows, largest].all():
        raise CorruptFileError("Expected levels of symbol frequencies, found impossible ones.")
    cumulative = np.zeros((len(levels), levels.shape[1] + 1), np.int32)
    np.cumsum(frequency, axis=1, out=cumulative[:, 1:])
    return cumulative
