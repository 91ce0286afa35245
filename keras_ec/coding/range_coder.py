"""The range coder's interface: binary decisions with 16-bit probabilities.

An encoder takes arrays of bits together with the probability of a one for each; a decoder
takes the same probabilities and returns the bits. Both have a method `code(p, bits)`, so that a
probability model is written once and runs in either direction: the encoder returns the bits it
was given, the decoder ignores its argument `bits` and returns those of the stream.

Probabilities are integers `p` in `[1, 65535]`; `p / 65536` is the probability that the bit is 1.
"""

from typing import Protocol

import numpy as np

PRECISION = 16
ONE = 1 << PRECISION


class WorkMeter:
    """Counts what a stream asks of its decoder, and pads streams that are too short for it.

    A stream of `n` bytes holds at most `2**20 + 4096 * n` decisions, asked for in at most
    `2**14 + 64 * n` calls. So a small hostile file cannot keep a decoder busy for long.
    """

    def __init__(self) -> None:
        self._calls = self._bits = 0

    def add(self, bits: int) -> None:
        """Counts one call for a number of decisions."""
        self._calls += 1
        self._bits += bits

    def least_size(self, more: int = 0) -> int:
        """Returns the smallest size, in bytes, that a stream of this much work may have.

        Args:
            more: Decisions that have yet to come.
        """
        bits = self._bits + more
        return max(0, -(-(self._calls - (1 << 14)) // 64), -(-(bits - (1 << 20)) >> 12))

    def pad(self, stream: bytes) -> bytes:
        """Returns a stream with as many zero bytes behind it as its work demands."""
        return stream.ljust(self.least_size(), b"\0")


class BitCoder(Protocol):
    """What a probability model needs of a range coder, in either direction."""

    decoding: bool

    def code(self, p: np.ndarray, bits: np.ndarray | None = None) -> np.ndarray:
        """Codes one bit for each probability.

        Args:
            p: int32 array of shape `(n,)`, probabilities of a one, in units of `2**-16`.
            bits: int32 array of shape `(n,)` of zeros and ones; unused when decoding.

        Returns:
            int32 array of shape `(n,)`: the bits.
        """
        ...


class BitEncoder(BitCoder, Protocol):
    """A coder that writes."""

    def finish(self) -> bytes:
        """Returns the encoded bytes."""
        ...


class BitDecoder(BitCoder, Protocol):
    """A coder that reads."""

    def expect(self, decisions: int) -> None:
        """Raises `CorruptFileError` if the stream is too short for so many more decisions.

        For models to ask before they allocate what so many decisions take.
        """
        ...

    def finish(self) -> None:
        """Checks that the stream ends here; raises `CorruptFileError` if it does not."""
        ...


def bit_encoder() -> BitEncoder:
    """Returns an encoder: TensorFlow Compression's or the portable one; both write the same bytes.

    TensorFlow Compression's is taken where it is installed and TensorFlow is imported already.
    """
    from keras_ec.coding import range_coder_tfc
    from keras_ec.coding.range_coder_portable import PortableBitEncoder

    if range_coder_tfc.is_available():
        return range_coder_tfc.TfcBitEncoder()
    return PortableBitEncoder()


def bit_decoder(data: bytes) -> BitDecoder:
    """Returns a decoder of what `bit_encoder` wrote.

    It is always the portable one: models ask for few bits at a time, and then it is faster than
    calls of TensorFlow operations are.
    """
    from keras_ec.coding.range_coder_portable import PortableBitDecoder

    return PortableBitDecoder(data)
