"""Look-ups and counts of large arrays, in blocks that stay in the processor's cache."""

from collections.abc import Iterator

import numpy as np

BLOCK = 1 << 15
"""Elements of a block. NumPy's indices take eight bytes each."""


def blocks(size: int) -> Iterator[slice]:
    """Yields the slices that cut `size` elements into blocks."""
    return (slice(start, min(start + BLOCK, size)) for start in range(0, size, BLOCK))


def look_up(
    table: np.ndarray, values: np.ndarray, low: int = 0, out: np.ndarray | None = None
) -> np.ndarray:
    """Returns `table[values - low]`.

    Args:
        table: Array of shape `(K,)`.
        values: Integer array of any shape, in `[low, low + K)`; this is not checked.
        low: What the first entry stands for.
        out: Contiguous array of the shape of `values`, of the table's dtype, to be filled.

    Returns:
        Array of the shape of `values`, of the table's dtype.

    Example:
        >>> look_up(np.array([7, 8, 9], np.uint32), np.array([-1, 1], np.int8), -1)
        array([7, 9], dtype=uint32)
    """
    result = np.empty(values.shape, table.dtype) if out is None else out
    flat, filled = values.reshape(-1), result.reshape(-1)
    place = np.empty(min(BLOCK, flat.size), np.intp)
    for part in blocks(flat.size):
        index = place[: part.stop - part.start]
        np.subtract(flat[part], low, out=index, dtype=np.intp)
        table.take(index, out=filled[part], mode="clip")
    return result


def count(values: np.ndarray, low: int, size: int) -> np.ndarray:
    """Returns how often each of the integers `low, low + 1, ..., low + size - 1` occurs.

    Args:
        values: Integer array of any shape, in `[low, low + size)`.
        low: The smallest integer.
        size: Number of integers.

    Returns:
        int64 array of shape `(size,)`.

    Example:
        >>> count(np.array([5, 3, 5], np.int16), 3, 4)
        array([1, 0, 2, 0])
    """
    flat = values.reshape(-1)
    counts = np.zeros(size, np.int64)
    for part in blocks(flat.size):
        counts += np.bincount(np.subtract(flat[part], low, dtype=np.intp), minlength=size)
    return counts
