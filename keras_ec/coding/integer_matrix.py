"""Probability model of a matrix of small signed integers, most of them often zero.

The matrix is coded in tiles: groups of rows, and within a group chunks of columns, both growing
with what is already coded, so that a tile's symbols depend on earlier tiles only and are coded
with array operations. Each integer is a zero flag, a sign, the bit length of its magnitude, and
the magnitude's lower bits, every decision with adaptive probabilities.

The zero flag's probability is a product model in log-odds: row density times column density over
overall density, each estimated from the counts of earlier tiles and shrunk towards the overall
density. Dead rows and columns so become nearly free without side information.
"""

from collections.abc import Iterator

import numpy as np

from keras_ec.coding.adaptive_bits import AdaptiveUint, BitCounts, code_bounded
from keras_ec.coding.logistic import squash, stretch
from keras_ec.coding.range_coder import ONE, BitCoder

MAX_MAGNITUDE = (1 << 31) - 1

_ROW_PRIOR = 1
_COLUMN_PRIOR = 2
_TREE_BITS = 7


def tile_edges(size: int, start: int, shift: int) -> Iterator[tuple[int, int]]:
    """Yields intervals covering `range(size)`, growing by `2**-shift` of what is covered."""
    begin = 0
    while begin < size:
        end = min(size, begin + max(start, begin >> shift))
        yield begin, end
        begin = end


class _MagnitudeModel:
    """Signs and magnitudes of non-zero integers, with limits on both sides of zero."""

    def __init__(self, max_positive: int, max_negative: int) -> None:
        self._max_positive = max_positive
        self._max_negative = max_negative
        self._signs = BitCounts(1)
        self._lengths = BitCounts(32)
        self._tree = BitCounts(1 << _TREE_BITS)
        self._low = BitCounts(1)

    def code(self, coder: BitCoder, count: int, values: np.ndarray | None) -> np.ndarray:
        """Codes `count` non-zero integers; returns them as int64."""
        encoding = values is not None
        if self._max_positive and self._max_negative:
            signs = self._signs.code(
                coder,
                np.zeros(count, np.int64),
                (values < 0).astype(np.int32) if encoding else None,
            )
        else:
            signs = np.full(count, int(self._max_negative > 0), np.int32)
        largest = max(self._max_positive, self._max_negative)
        target = np.abs(values.astype(np.int64)) if encoding else None
        magnitudes = self._code_magnitudes(coder, count, largest, target)
        return np.where(signs == 1, -magnitudes, magnitudes)

    def _code_magnitudes(
        self, coder: BitCoder, count: int, largest: int, target: np.ndarray | None
    ) -> np.ndarray:
        top = int(largest).bit_length() - 1
        result = np.ones(count, np.int64)
        alive = np.arange(count)
        by_length = []
        for length in range(top):
            more = None if target is None else (target[alive] >> (length + 1) > 0).astype(np.int32)
            bits = self._lengths.code(coder, np.full(alive.size, length), more)
            by_length.append(alive[bits == 0])
            alive = alive[bits == 1]
            if not alive.size:
                break
        else:
            by_length.append(alive)
        for length, members in enumerate(by_length):
            if length and members.size:
                result[members] = self._code_low_bits(
                    coder, members.size, length, None if target is None else target[members]
                )
        return result

    def _code_low_bits(
        self, coder: BitCoder, count: int, length: int, target: np.ndarray | None
    ) -> np.ndarray:
        """Codes the bits below the leading one of magnitudes of `length + 1` bits."""
        result = np.ones(count, np.int64)
        for shift in range(length - 1, -1, -1):
            bits = None if target is None else (target >> shift & 1).astype(np.int32)
            if length < _TREE_BITS:
                bits = self._tree.code(coder, result, bits)
            elif shift == length - 1:
                bits = self._lengths.code(coder, np.full(count, 31), bits)
            else:
                bits = coder.code(np.full(count, ONE >> 1, np.int32), bits)
            result = result << 1 | bits
        return result


def _code_tiles(
    coder: BitCoder, matrix: np.ndarray, magnitudes: _MagnitudeModel, encoding: bool
) -> None:
    """Codes all tiles; when decoding, fills `matrix`."""
    rows, columns = matrix.shape
    column_nonzeros = np.zeros(columns, np.int64)
    seen = nonzeros = 0
    for top, bottom in tile_edges(rows, 1, 3):
        row_nonzeros = np.zeros(bottom - top, np.int64)
        expected = 0
        for left, right in tile_edges(columns, 4 if rows > 1 else 2, 1 if rows > 1 else 3):
            overall = ((2 * nonzeros + 1) << 16) // (2 * seen + 2)
            p_column = ((column_nonzeros[left:right] << 16) + _COLUMN_PRIOR * overall) // (
                top + _COLUMN_PRIOR
            )
            p = p_column[None]
            if rows == 1:
                p = np.full((1, right - left), overall)
            elif left:
                # `expected`: the columns' probabilities summed over the columns coded so far.
                ratio_up = (row_nonzeros << 16) + _ROW_PRIOR * (expected // left)
                p_row = np.clip(ratio_up // (left + _ROW_PRIOR), 1, ONE - 1)
                shift = stretch(p_row) - int(stretch(np.clip(expected // left, 1, ONE - 1)))
                p = squash(stretch(np.clip(p_column, 1, ONE - 1))[None] + shift[:, None])
            expected += int(p_column.sum())
            p = np.clip(np.broadcast_to(p, (bottom - top, right - left)), 1, ONE - 1)
            tile = matrix[top:bottom, left:right]
            flags = coder.code(
                p.astype(np.int32).ravel(),
                (tile != 0).astype(np.int32).ravel() if encoding else None,
            )
            mask = flags.reshape(tile.shape).astype(bool)
            count = int(flags.sum())
            if count:
                coded = magnitudes.code(coder, count, tile[mask] if encoding else None)
                if not encoding:
                    tile[mask] = coded
            row_nonzeros += mask.sum(1)
            column_nonzeros[left:right] += mask.sum(0)
            seen += mask.size
            nonzeros += count


def code_matrix(
    coder: BitCoder, shape: tuple[int, int], values: np.ndarray | None = None
) -> np.ndarray:
    """Codes a matrix of signed integers.

    Args:
        coder: Encoder, decoder or cost counter.
        shape: `(rows, columns)`, known to both sides; both at least 1.
        values: Integer array of that shape when encoding, `None` when decoding. Magnitudes are
            at most `MAX_MAGNITUDE`.

    Returns:
        int32 array of shape `shape`.

    Raises:
        ValueError: If a magnitude is too large.
        CorruptFileError: If the stream holds impossible values.
    """
    encoding = values is not None
    limits = AdaptiveUint(32)
    bounds: list[int | None] = [None, None]
    if encoding:
        bounds = [max(0, int(values.max())), max(0, -int(values.min()))]
        if max(bounds) > MAX_MAGNITUDE:
            raise ValueError(
                f"Expected integers of magnitude at most {MAX_MAGNITUDE}. Received: {max(bounds)}"
            )
    max_positive = code_bounded(coder, limits, MAX_MAGNITUDE, bounds[0])
    max_negative = code_bounded(coder, limits, MAX_MAGNITUDE, bounds[1])
    matrix = np.array(values, np.int32) if encoding else np.zeros(shape, np.int32)
    if max_positive or max_negative:
        _code_tiles(coder, matrix, _MagnitudeModel(max_positive, max_negative), encoding)
    return matrix
