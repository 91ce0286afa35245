"""Range coder backend in plain Python: the same bytes as TensorFlow Compression's operations.

The encoder narrows the interval `[base, base + size)` of 32-bit numbers. When its size falls to
`2**16` or less, the upper 16 bits of the base are written and both are shifted. A carry out of
the base is added to what is written already.
"""

import bisect

import numpy as np

from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.range_coder import ONE, PRECISION, WorkMeter

_MASK = 0xFFFFFFFF
_BLOCK = 1 << 14
"""Decisions that are decoded at once: as Python's numbers they take far more memory."""


class PortableBitEncoder:
    """Encodes binary decisions.

    Example:
        >>> encoder = PortableBitEncoder()
        >>> _ = encoder.code(np.array([60000, 60000]), np.array([1, 1]))
        >>> len(encoder.finish())
        1
    """

    decoding = False

    def __init__(self) -> None:
        self._base = 0
        self._last = _MASK
        self._words: list[int] = []
        self._work = WorkMeter()

    def code(self, p: np.ndarray, bits: np.ndarray | None = None) -> np.ndarray:
        """Appends `bits` with probabilities `p`; returns `bits`."""
        bits = np.asarray(bits, np.int32)
        self._work.add(bits.size)
        base, last, words = self._base, self._last, self._words
        for one, bit in zip(np.asarray(p).tolist(), bits.tolist(), strict=True):
            cut = (last + 1) * (ONE - one) >> 16
            if bit:
                base += cut
                last -= cut
                if base > _MASK:
                    base &= _MASK
                    add_carry(words)
            else:
                last = cut - 1
            if last < ONE:
                words.append(base >> 16)
                base = base << 16 & _MASK
                last = last << 16 | 0xFFFF
        self._base, self._last = base, last
        return bits

    def code_bit(self, p: int, bit: int | None = None) -> int:
        """Appends one bit with probability `p`, which is no work that `WorkMeter` counts."""
        cut = (self._last + 1) * (ONE - p) >> 16
        if bit:
            self._base += cut
            self._last -= cut
            if self._base > _MASK:
                self._base &= _MASK
                add_carry(self._words)
        else:
            self._last = cut - 1
        if self._last < ONE:
            self._words.append(self._base >> 16)
            self._base = self._base << 16 & _MASK
            self._last = self._last << 16 | 0xFFFF
        return bit

    def finish(self) -> bytes:
        """Returns the encoded bytes."""
        return self._work.pad(final_bytes(list(self._words), self._base, self._last))


class PortableSymbolEncoder:
    """Encodes symbols given by their cumulative frequencies."""

    def __init__(self) -> None:
        self._base = 0
        self._last = _MASK
        self._words: list[int] = []

    def code(self, lower: np.ndarray, upper: np.ndarray) -> None:
        """Appends symbols.

        Args:
            lower: int array of shape `(n,)`, frequencies of all smaller symbols, `2**-16`.
            upper: int array of shape `(n,)`, the same with the symbol's own added.
        """
        base, size, words = self._base, self._last + 1, self._words
        for low, high in zip(lower.tolist(), upper.tolist(), strict=True):
            cut = size * low >> 16
            base += cut
            size = (size * high >> 16) - cut
            if size <= ONE:
                if base > _MASK:
                    base &= _MASK
                    add_carry(words)
                words.append(base >> 16)
                base = base << 16 & _MASK
                size <<= 16
        if base > _MASK:
            base &= _MASK
            add_carry(words)
        self._base, self._last = base, size - 1

    def finish(self) -> bytes:
        """Returns the encoded bytes."""
        return final_bytes(list(self._words), self._base, self._last)


def add_carry(words: list[int]) -> None:
    """Adds one to the number whose 16-bit digits are `words`."""
    position = len(words) - 1
    while words[position] == 0xFFFF:
        words[position] = 0
        position -= 1
    words[position] += 1


def final_bytes(words: list[int], base: int, last: int) -> bytes:
    """Returns the bytes of a finished encoder.

    Args:
        words: The 16-bit words written so far; changed.
        base: The interval's lower end, 32 bits.
        last: The interval's size less one.
    """
    if base + last > _MASK:
        add_carry(words)
        while words[-1] == 0:
            words.pop()
    elif base:
        byte = (base - 1 >> 24) + 1
        short = byte << 24 <= base + last
        words.append(byte << 8 if short else (base - 1 >> 16) + 1)
    else:
        return np.array(words, ">u2").tobytes()
    data = np.array(words, ">u2").tobytes()
    return data if data[-1] else data[:-1]


class PortableBitDecoder:
    """Decodes binary decisions.

    Args:
        data: The bytes that an encoder's `finish()` returned.
    """

    decoding = True

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 4
        self._work = WorkMeter()
        self._value = int.from_bytes(data[:4].ljust(4, b"\0"), "big")
        self._last = _MASK

    def code(self, p: np.ndarray, bits: np.ndarray | None = None) -> np.ndarray:
        """Returns the next bits, whose probabilities of a one are `p`.

        Raises:
            CorruptFileError: If the stream is too short for that many decisions.
        """
        del bits
        self._work.add(p.size)
        self.expect(0)
        if p.size <= _BLOCK:
            return self._decode(p)
        result = np.empty(p.size, np.int32)
        for start in range(0, p.size, _BLOCK):
            block = slice(start, start + _BLOCK)
            result[block] = self._decode(p[block])
        return result

    def expect(self, decisions: int) -> None:
        """Raises `CorruptFileError` if the stream is too short for so many more decisions."""
        if self._work.least_size(decisions) > len(self._data):
            raise CorruptFileError("The range-coded stream is too short for what it claims.")

    def _decode(self, p: np.ndarray) -> np.ndarray:
        data, size = self._data, len(self._data)
        position, value, last = self._position, self._value, self._last
        result = []
        for zero in (ONE - np.asarray(p)).tolist():
            cut = (last + 1) * zero >> 16
            if value >= cut:
                value -= cut
                last -= cut
                result.append(1)
            else:
                last = cut - 1
                result.append(0)
            if last < ONE:
                last = last << 16 | 0xFFFF
                value <<= 16
                if position < size:
                    value |= data[position] << 8
                    if position + 1 < size:
                        value |= data[position + 1]
                position += 2
        self._position, self._value, self._last = position, value, last
        return np.array(result, np.int32)

    def code_bit(self, p: int, bit: int | None = None) -> int:
        """Returns the next bit, whose probability of a one is `p`; as the encoder's."""
        del bit
        cut = (self._last + 1) * (ONE - p) >> 16
        result = int(self._value >= cut)
        if result:
            self._value -= cut
            self._last -= cut
        else:
            self._last = cut - 1
        if self._last < ONE:
            self._last = self._last << 16 | 0xFFFF
            following = self._data[self._position : self._position + 2].ljust(2, b"\0")
            self._value = self._value << 16 | int.from_bytes(following, "big")
            self._position += 2
        return result

    def finish(self) -> None:
        """Checks that nothing but padding follows what has been decoded.

        Raises:
            CorruptFileError: If bytes are left over.
        """
        if self._data[self._position :].strip(b"\0"):
            raise CorruptFileError("The range-coded stream does not end with its last symbol.")


def decode_stream(data: bytes, cumulative: list[list[int]], tables: list[int]) -> list[int]:
    """Decodes a stream of symbols.

    Args:
        data: What a `PortableSymbolEncoder` or TensorFlow Compression wrote.
        cumulative: Cumulative frequencies, a list for each table.
        tables: The table of every symbol.

    Returns:
        The symbols.
    """
    value = int.from_bytes(data[:4].ljust(4, b"\0"), "big")
    position, last = 4, _MASK
    symbols = []
    for table in tables:
        row = cumulative[table]
        size = last + 1
        symbol = bisect.bisect_right(row, ((value + 1 << PRECISION) - 1) // size) - 1
        cut = size * row[symbol] >> PRECISION
        value -= cut
        last = (size * row[symbol + 1] >> PRECISION) - cut - 1
        symbols.append(symbol)
        if last < ONE:
            last = last << 16 | 0xFFFF
            value = value << 16 | int.from_bytes(
                data[position : position + 2].ljust(2, b"\0"), "big"
            )
            position += 2
    return symbols
