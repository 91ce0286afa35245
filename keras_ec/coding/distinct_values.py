"""Distinct values of large arrays, without sorting them."""

from collections.abc import Callable

import numpy as np

from keras_ec.coding.large_arrays import blocks, count, look_up

_SAMPLE = 1 << 14
_SMALL = 1 << 12
"""Arrays of at most so many elements are sorted."""

_MULTIPLIERS = [0x9E3779B1 + 0x3C6EF372 * i & 0xFFFFFFFF | 1 for i in range(64)]
_MAX_HASHED = 256

Distinct = tuple[np.ndarray, np.ndarray]


def distinct(bits: np.ndarray, limit: int) -> Distinct | None:
    """Returns distinct values, and each element's position among them.

    What `np.unique` returns for an array's flattened elements, if there are few. Large arrays are
    not sorted: numbers of one and two bytes are counted, those of four bytes looked up in a table
    that a sample of them has made.

    Args:
        bits: Unsigned integer array of 1, 2 or 4 bytes.
        limit: The largest number of distinct values wanted, at most 65536.

    Returns:
        The values ascending, shape `(K,)`; an integer array of shape `(bits.size,)`. `None` if
        there are more than `limit` values.

    Example:
        >>> values, index = distinct(np.array([9, 4, 9, 9], np.uint32), 16)
        >>> values.tolist(), index.tolist()
        ([4, 9], [1, 0, 1, 1])
    """
    flat = bits.reshape(-1)
    if flat.size <= _SMALL:
        found = np.unique(flat, return_inverse=True)
    elif flat.dtype.itemsize < 4:
        found = _counted(flat)
    else:
        found = _looked_up(flat, limit)
    return None if found is None or found[0].size > limit else found


def _counted(flat: np.ndarray) -> Distinct:
    size = 1 << 8 * flat.dtype.itemsize
    values = np.flatnonzero(count(flat, 0, size))
    rank = np.zeros(size, np.uint16)
    rank[values] = np.arange(values.size)
    return values.astype(flat.dtype), look_up(rank, flat)


def _looked_up(flat: np.ndarray, limit: int) -> Distinct | None:
    """Looks all elements up among those of a sample, and again with those that were not there."""
    values = np.unique(flat[:: -(-flat.size // _SAMPLE)])
    while values.size <= limit:
        find = _finder(values)
        index = np.empty(flat.size, np.uint8 if values.size <= 256 else np.uint16)
        missing = [values[:0]]
        for part in blocks(flat.size):
            index[part] = find(flat[part])
            wrong = flat[part][values.take(index[part], mode="clip") != flat[part]]
            if wrong.size:
                missing.append(np.unique(wrong))
        if len(missing) == 1:
            return values, index
        values = np.union1d(values, np.concatenate(missing))
    return None


def _finder(values: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a function that gives positions among `values`, and any for other numbers."""
    if values.size <= _MAX_HASHED:
        for multiplier in map(np.uint32, _MULTIPLIERS):
            places = values * multiplier >> np.uint32(16)
            if np.unique(places).size == values.size:
                table = np.zeros(1 << 16, np.uint8)
                table[places] = np.arange(values.size)
                return lambda part: table.take(part * multiplier >> np.uint32(16), mode="clip")
    return lambda part: np.minimum(values.searchsorted(part), values.size - 1)
