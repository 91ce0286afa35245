"""Adaptive binary models: counts of zeros and ones per context, and integers built of them."""

import numpy as np

from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.range_coder import ONE, BitCoder

EVEN = ONE >> 1


class BitCounts:
    """Counts of zeros and ones in each of a number of contexts.

    The probability of a one is `(ones + 1/2) / (zeros + ones + 1)` (Krichevsky and Trofimov).

    Args:
        contexts: Number of contexts.
    """

    def __init__(self, contexts: int) -> None:
        self.ones = np.zeros(contexts, np.int64)
        self.total = np.zeros(contexts, np.int64)

    def probabilities(self, context: np.ndarray) -> np.ndarray:
        """Returns int32 probabilities of a one, units of `2**-16`, for an array of contexts."""
        p = ((2 * self.ones[context] + 1) << 16) // (2 * self.total[context] + 2)
        return np.minimum(np.maximum(p, 1), ONE - 1).astype(np.int32)

    def update(self, context: np.ndarray, bits: np.ndarray) -> None:
        """Counts `bits` (0 or 1), each in its context."""
        np.add.at(self.total, context, 1)
        np.add.at(self.ones, context[bits == 1], 1)

    def code(
        self, coder: BitCoder, context: np.ndarray, bits: np.ndarray | None = None
    ) -> np.ndarray:
        """Codes `bits` in their contexts, then counts them; returns the bits."""
        bits = coder.code(self.probabilities(context), bits)
        self.update(context, bits)
        return bits


def code_raw_bits(coder: BitCoder, count: int, value: int | None = None) -> int:
    """Codes an integer of `count` bits, all equally likely; returns the integer."""
    if count == 0:
        return 0
    shifts = np.arange(count - 1, -1, -1)
    bits = None if value is None else np.array([value >> int(s) & 1 for s in shifts], np.int32)
    coded = coder.code(np.full(count, EVEN, np.int32), bits)
    result = 0
    for bit in coded.tolist():
        result = result << 1 | bit
    return result


def code_raw_vector(
    coder: BitCoder, size: int, width: int, values: np.ndarray | None = None
) -> np.ndarray:
    """Codes integers of `width` bits, all equally likely, highest bits first.

    Args:
        coder: Encoder, decoder or cost counter.
        size: Number of integers.
        width: Bits of each, 0 to 40.
        values: int64 array of shape `(size,)` when encoding, `None` when decoding.

    Returns:
        int64 array of shape `(size,)`.
    """
    if not width:
        return np.zeros(size, np.int64)
    bits = None
    if values is None:
        coder.expect(size * width)
    else:
        shifts = np.arange(width - 1, -1, -1)
        bits = (values.astype(np.int64)[:, None] >> shifts & 1).astype(np.int32).ravel()
    coded = coder.code(np.full(size * width, EVEN, np.int32), bits).reshape(size, width)
    result = np.zeros(size, np.int64)
    for column in coded.T:
        result = result << 1 | column
    return result


class AdaptiveUint:
    """Codes unsigned integers below `2**40`: adaptive number of bits, then the bits.

    Args:
        max_bits: Largest number of bits; a decoder never returns more.

    Example:
        >>> model = AdaptiveUint()
        >>> model.code(encoder, 12)
        12
    """

    def __init__(self, max_bits: int = 40) -> None:
        self._max_bits = max_bits
        self._lengths = BitCounts(max_bits)

    def code(self, coder: BitCoder, value: int | None = None) -> int:
        """Codes one integer; returns it.

        Raises:
            ValueError: If `value` is negative or has more than `max_bits` bits.
        """
        if value is not None and (value < 0 or value.bit_length() > self._max_bits):
            raise ValueError(
                f"Expected an integer of at most {self._max_bits} bits. Received: {value}"
            )
        length = 0
        while length < self._max_bits:
            more = None if value is None else np.array([value.bit_length() > length], np.int32)
            if not self._lengths.code(coder, np.array([length]), more)[0]:
                break
            length += 1
        if length < 2:
            return length
        low = None if value is None else value - (1 << (length - 1))
        return (1 << (length - 1)) + code_raw_bits(coder, length - 1, low)


def code_bounded(coder: BitCoder, model: AdaptiveUint, limit: int, value: int | None = None) -> int:
    """Codes an integer and checks that it does not exceed `limit`.

    Raises:
        CorruptFileError: If the integer decoded is larger.
    """
    result = model.code(coder, value)
    if result > limit:
        raise CorruptFileError(f"Expected a value of at most {limit}, found {result}.")
    return result


def code_signed(coder: BitCoder, limit: int, value: int | None = None) -> int:
    """Codes a signed integer of 32 bits: the magnitude if negative, or 0 and the integer.

    Raises:
        CorruptFileError: If the integer decoded has a magnitude above `limit`.
    """
    model = AdaptiveUint(32)
    below = code_bounded(coder, model, limit, None if value is None else max(-value, 0))
    if below:
        return -below
    return code_bounded(coder, model, limit, None if value is None else max(value, 0))
