"""Signs and magnitudes of non-zero integers in a row of a matrix."""

import numpy as np

from keras_ec.coding.adaptive_bits import BitCounts
from keras_ec.coding.expected_magnitudes import CLASSES
from keras_ec.coding.mixed_bits import MixedBits
from keras_ec.coding.range_coder import ONE, BitCoder

_TREE_BITS = 7
_TREE = _TREE_BITS << _TREE_BITS
_UPPER_BITS = 2
_STEPS = 31
_SIGN_LAGS = 3


class Magnitudes:
    """Model of non-zero integers: sign, bit length of the magnitude, then its lower bits.

    Args:
        columns: Number of columns of the matrix.
        most: Largest integer, 0 if none is positive.
        least: Magnitude of the smallest integer, 0 if none is negative.
    """

    def __init__(self, columns: int, most: int, least: int) -> None:
        self._most, self._least = most, least
        self._steps = max(most, least).bit_length() - 1
        self._signs = MixedBits([27, columns, 3, 9], [1, 4, 4, 2])
        self._lengths = MixedBits([_STEPS, _STEPS * 8, _STEPS * 8, _STEPS * CLASSES], [1] * 4)
        self._sums = np.zeros(columns, np.int64)
        self._counts = np.zeros(columns, np.int64)
        self._upper = MixedBits([_TREE, CLASSES * _TREE], [1, 4])
        self._lower = BitCounts(_TREE)
        self._second = BitCounts(32)

    def code(
        self,
        coder: BitCoder,
        columns: np.ndarray,
        lagged: np.ndarray,
        scales: np.ndarray,
        values: np.ndarray | None = None,
    ) -> np.ndarray:
        """Codes the non-zero integers of a run of columns.

        Args:
            coder: Encoder, decoder or cost counter.
            columns: int64 array of shape `(n,)`, their columns.
            lagged: int32 array of shape `(lags, n)`, integers of the same columns in the rows
                they are compared with.
            scales: int64 array of shape `(n,)`, classes of their expected magnitudes.
            values: int32 array of shape `(n,)` when encoding, `None` when decoding.

        Returns:
            int64 array of shape `(n,)`.
        """
        encoding = values is not None
        if self._most and self._least:
            negative = (values < 0).astype(np.int32) if encoding else None
            signs = self._code_signs(coder, columns, lagged, negative)
        else:
            signs = np.full(columns.size, int(self._least > 0), np.int32)
        target = np.abs(values.astype(np.int64)) if encoding else None
        magnitudes = np.ones(columns.size, np.int64)
        if self._steps:
            magnitudes = self._code_magnitudes(coder, columns, lagged, scales, target)
        return np.where(signs == 1, -magnitudes, magnitudes)

    def _code_signs(
        self,
        coder: BitCoder,
        columns: np.ndarray,
        lagged: np.ndarray,
        negative: np.ndarray | None,
    ) -> np.ndarray:
        ternary = np.sign(lagged[:_SIGN_LAGS]).astype(np.int64) + 1
        contexts = np.zeros((4, columns.size), np.int64)
        for signs in ternary:
            contexts[0] = contexts[0] * 3 + signs
        contexts[1] = columns
        if len(ternary):
            contexts[2] = ternary[0]
            contexts[3] = ternary.sum(0)
        return self._signs.code(coder, contexts, negative)

    def _code_magnitudes(
        self,
        coder: BitCoder,
        columns: np.ndarray,
        lagged: np.ndarray,
        scales: np.ndarray,
        target: np.ndarray | None,
    ) -> np.ndarray:
        near = np.minimum(np.abs(lagged).max(0, initial=0).astype(np.int64), 1 << 20)
        near = np.minimum(_bit_lengths(near), 7)
        mean = (2 * self._sums[columns] + 1) // (2 * self._counts[columns] + 1)
        mean = np.minimum(_bit_lengths(mean), 7)
        result = np.ones(columns.size, np.int64)
        alive = np.arange(columns.size)
        by_length = []
        for step in range(self._steps):
            more = None if target is None else (target[alive] >> (step + 1) > 0).astype(np.int32)
            contexts = np.empty((4, alive.size), np.int64)
            contexts[0] = step
            contexts[1] = step * 8 + near[alive]
            contexts[2] = step * 8 + mean[alive]
            contexts[3] = step * CLASSES + scales[alive]
            bits = self._lengths.code(coder, contexts, more)
            by_length.append(alive[bits == 0])
            alive = alive[bits == 1]
            if not alive.size:
                break
        by_length.append(alive)
        for length, members in enumerate(by_length):
            if length and members.size:
                known = None if target is None else target[members]
                result[members] = self._code_low_bits(coder, length, scales[members], known)
        self._sums[columns] += result
        self._counts[columns] += 1
        return result

    def _code_low_bits(
        self, coder: BitCoder, length: int, scales: np.ndarray, target: np.ndarray | None
    ) -> np.ndarray:
        """Codes the bits below the leading one of magnitudes of `length + 1` bits."""
        result = np.ones(scales.size, np.int64)
        for shift in range(length - 1, -1, -1):
            bits = None if target is None else (target >> shift & 1).astype(np.int32)
            if length < _TREE_BITS:
                place = length << _TREE_BITS | result
                if shift >= length - _UPPER_BITS:
                    contexts = np.stack([place, scales * _TREE + place])
                    bits = self._upper.code(coder, contexts, bits)
                else:
                    bits = self._lower.code(coder, place, bits)
            elif shift == length - 1:
                bits = self._second.code(coder, np.full(scales.size, length), bits)
            else:
                bits = coder.code(np.full(scales.size, ONE >> 1, np.int32), bits)
            result = result << 1 | bits
        return result


def _bit_lengths(numbers: np.ndarray) -> np.ndarray:
    """Returns the bit lengths of integers below `2**52`, int64."""
    return np.frexp(numbers.astype(np.float64))[1].astype(np.int64)
