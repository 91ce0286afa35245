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


def bit_encoder() -> "BitCoder":
    """Returns an encoder of binary decisions; its `finish()` gives the bytes.

    Raises:
        ImportError: If no backend is installed.
    """
    from keras_ec.coding.range_coder_tfc import TfcBitEncoder

    return TfcBitEncoder()


def bit_decoder(data: bytes) -> "BitCoder":
    """Returns a decoder of the byte string that `bit_encoder` produced.

    `finish()` raises `CorruptFileError` where the stream visibly does not end with the last bit
    decoded.

    Raises:
        ImportError: If no backend is installed.
    """
    from keras_ec.coding.range_coder_tfc import TfcBitDecoder

    return TfcBitDecoder(data)
