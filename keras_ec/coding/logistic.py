"""Integer tables between probabilities and their log-odds.

Log-odds ("stretched" probabilities) are integers in units of 1/256 nat, probabilities integers in
units of `2**-16`. Both tables come from integer recurrences, so every platform has the same ones.
"""

import numpy as np

MAX_STRETCHED = 2840
"""Largest log-odds: `ln(65535 / 1)` is 11.09 nat, 2839 units."""

_EXP_ONE = 1 << 20
_EXP_STEP = 1052680
"""`exp(1 / 256)` in units of `2**-20`."""


def _squash_table() -> np.ndarray:
    positive = []
    odds = _EXP_ONE
    for _ in range(MAX_STRETCHED + 1):
        positive.append(min(65535, (odds << 16) // (odds + _EXP_ONE)))
        odds = (odds * _EXP_STEP + (_EXP_ONE >> 1)) >> 20
    right = np.array(positive, np.int32)
    return np.concatenate([65536 - right[:0:-1], right]).astype(np.int32)


_SQUASH = _squash_table()
_STRETCH = np.clip(
    np.searchsorted(_SQUASH, np.arange(65537)) - MAX_STRETCHED, -MAX_STRETCHED, MAX_STRETCHED
).astype(np.int64)


def squash(stretched: np.ndarray) -> np.ndarray:
    """Returns the probabilities of log-odds.

    Args:
        stretched: Integer array, log-odds in units of 1/256 nat; clipped to the table's range.

    Returns:
        int32 array of the same shape, values in `[1, 65535]`.
    """
    return _SQUASH.take(stretched + MAX_STRETCHED, mode="clip")


def stretch(p: np.ndarray) -> np.ndarray:
    """Returns the log-odds of probabilities: the smallest whose `squash` reaches `p`.

    Args:
        p: Integer array, values in `[0, 65536]`.

    Returns:
        int64 array of the same shape, units of 1/256 nat.
    """
    return _STRETCH.take(p)
