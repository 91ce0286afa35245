"""A coder that writes nothing and adds up the ideal code length."""

import numpy as np

from keras_ec.coding.range_coder import ONE

_BITS = -np.log2(np.maximum(np.arange(ONE + 1), 0.5) / ONE)


class CostCoder:
    """Measures what a probability model would cost, in bits.

    Used by encoders to choose between representations; never when decoding.
    """

    decoding = False

    def __init__(self) -> None:
        self.bits = 0.0

    def code(self, p: np.ndarray, bits: np.ndarray | None = None) -> np.ndarray:
        """Adds the ideal code length of `bits` under the probabilities `p`; returns `bits`."""
        bits = np.asarray(bits, np.int32)
        p = np.asarray(p)
        self.bits += float(_BITS[np.where(bits == 1, p, ONE - p)].sum())
        return bits
