"""A decoder and streams that measure, while they are read, how much of a file each tensor takes."""

import numpy as np

from keras_ec.coding.cost_coder import CostCoder
from keras_ec.coding.range_coder import BitDecoder
from keras_ec.coding.static_tensor import SideStreams


class MeteredDecoder:
    """Decodes, and adds up the ideal code length of what it decodes.

    Args:
        decoder: Does the decoding.

    Example:
        >>> decoder = MeteredDecoder(bit_decoder(bytes(4)))
        >>> _ = decoder.code(np.array([32768, 32768]))
        >>> decoder.bits
        2.0
    """

    decoding = True

    def __init__(self, decoder: BitDecoder) -> None:
        self._decoder = decoder
        self._cost = CostCoder()

    @property
    def bits(self) -> float:
        """Bits so far."""
        return self._cost.bits

    def code(self, p: np.ndarray, bits: np.ndarray | None = None) -> np.ndarray:
        """Returns the next bits, whose probabilities of a one are `p`.

        Raises:
            CorruptFileError: If the decoder does.
        """
        return self._cost.code(p, self._decoder.code(p, bits))

    def expect(self, decisions: int) -> None:
        """Raises `CorruptFileError` if the stream is too short for so many more decisions."""
        self._decoder.expect(decisions)

    def finish(self) -> None:
        """Checks that the stream ends here.

        Raises:
            CorruptFileError: If it does not.
        """
        self._decoder.finish()


class MeteredStreams(SideStreams):
    """Streams beside the main one that count what is read.

    Attributes:
        bits: Eight for each byte read so far.
    """

    bits = 0

    def read(self, size: int) -> memoryview:
        """Returns the next `size` bytes.

        Raises:
            CorruptFileError: If there are fewer.
        """
        data = super().read(size)
        self.bits += 8 * size
        return data
