"""Distinct values of large arrays, without sorting them."""

import numpy as np

_SAMPLE = 1 << 16
_HASH_BITS = 12
_MULTIPLIERS = [0x9E3779B1 + 0x3C6EF372 * i & 0xFFFFFFFF | 1 for i in range(64)]
_MAX_HASHED = 256


def distinct(bits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns distinct values, each element's position among them, and their counts.

    What `np.unique` returns for an array's flattened elements. Large arrays of few values are
    not sorted, but looked up in a table that a sample of them has made.

    Args:
        bits: Unsigned integer array.

    Returns:
        The values ascending, shape `(K,)`; an integer array of shape `(bits.size,)`; int64
        counts of shape `(K,)`.
    """
    flat = bits.ravel()
    if flat.size > 2 * _SAMPLE and flat.dtype.itemsize == 4:
        values = np.unique(flat[:: flat.size // _SAMPLE])
        for _ in range(3):
            found = _look_up(flat, values)
            if found is None:
                break
            index, wrong = found
            if not wrong.size:
                return values, index, np.bincount(index, minlength=values.size)
            values = np.union1d(values, wrong)
    return np.unique(flat, return_inverse=True, return_counts=True)


def _look_up(flat: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Returns positions among `values`, uint8, and the elements that are not among them."""
    if values.size > _MAX_HASHED:
        return None
    shift = np.uint32(32 - _HASH_BITS)
    for multiplier in _MULTIPLIERS:
        places = values * np.uint32(multiplier) >> shift
        if np.unique(places).size == values.size:
            table = np.zeros(1 << _HASH_BITS, np.uint8)
            table[places] = np.arange(values.size)
            index = table.take(flat * np.uint32(multiplier) >> shift)
            return index, np.unique(flat[values.take(index) != flat])
    return None
