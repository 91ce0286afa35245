"""Binary decisions predicted from several contexts at once, mixed in log-odds.

Every context has counts of zeros and ones. What a context says is the difference between its
log-odds and those of all decisions so far; the prediction is the overall log-odds plus the
weighted sum of these differences. The weights follow the gradient of the code length. All of it
is integer arithmetic, and the decisions of one call are coded with what was known before it.
"""

import math
from collections.abc import Sequence

import numpy as np

from keras_ec.coding.logistic import squash, stretch
from keras_ec.coding.range_coder import ONE, BitCoder

_LIMIT = 1 << 16
"""Counts are scaled down beyond this, so that sums stay small."""

_WEIGHT_ONE = 1 << 16
_FIRST_WEIGHT = _WEIGHT_ONE * 3 // 20
_MAX_WEIGHT = 4 * _WEIGHT_ONE
_RATE = 8000
"""Divisor of the gradient: a learning rate of 1/32 where log-odds are in nats."""


class MixedBits:
    """Adaptive model of binary decisions with several contexts each.

    Args:
        sizes: Number of contexts in each table.
        priors: For each table, how many decisions at the overall frequency it starts with, in
            halves.
        inputs: Number of further predictions that `code` is given.
        sets: Number of weight sets.
    """

    def __init__(
        self, sizes: Sequence[int], priors: Sequence[int], inputs: int = 0, sets: int = 1
    ) -> None:
        self._start = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)[:, None]
        self._prior = np.repeat(np.array(priors, np.int64), sizes)
        self._ones = np.zeros(sum(sizes), np.int64)
        self._total = np.zeros(sum(sizes), np.int64)
        self._weights = np.full((sets, len(sizes) + inputs), _FIRST_WEIGHT, np.int64)
        self._all_ones = self._all = 0

    def overall(self) -> int:
        """Returns the probability of a one in all decisions so far, in units of `2**-16`."""
        p = ((2 * self._all_ones + 1) << 16) // (2 * self._all + 2)
        return min(max(p, 1), ONE - 1)

    def probabilities(self, table: int, contexts: np.ndarray) -> np.ndarray:
        """Returns what one table says: int64 probabilities of a one, units of `2**-16`."""
        return self._lookup(contexts + self._start[table])

    def _lookup(self, index: np.ndarray) -> np.ndarray:
        prior = self._prior.take(index)
        ones, total = self._ones.take(index), self._total.take(index)
        p = ((ones << 17) + prior * self.overall()) // (2 * total + prior)
        return np.minimum(np.maximum(p, 1), ONE - 1)

    def code(
        self,
        coder: BitCoder,
        contexts: np.ndarray,
        bits: np.ndarray | None = None,
        inputs: np.ndarray | None = None,
        weight_set: int = 0,
    ) -> np.ndarray:
        """Codes decisions and learns from them.

        Args:
            coder: Encoder, decoder or cost counter.
            contexts: int64 array of shape `(tables, n)`, context in each table.
            bits: int32 array of shape `(n,)` of zeros and ones; unused when decoding.
            inputs: int64 array of shape `(inputs, n)` of probabilities in `[1, 65535]`, if the
                model has such inputs.
            weight_set: Which weights to use.

        Returns:
            int32 array of shape `(n,)`: the decisions.
        """
        index = contexts + self._start
        p = self._lookup(index)
        if inputs is not None:
            p = np.concatenate([p, inputs])
        base = int(stretch(self.overall()))
        evidence = stretch(p) - base
        weights = self._weights[weight_set]
        mixed = squash((weights @ evidence >> 16) + base)
        bits = coder.code(mixed, bits)
        error = (bits.astype(np.int64) << 16) - mixed
        weights += evidence @ error // (_RATE * math.isqrt(error.size))
        np.minimum(weights, _MAX_WEIGHT, out=weights)
        np.maximum(weights, -_MAX_WEIGHT, out=weights)
        self._count(index, bits)
        return bits

    def _count(self, index: np.ndarray, bits: np.ndarray) -> None:
        touched = index.ravel()
        np.add.at(self._total, touched, 1)
        live = bits == 1
        ones = int(np.count_nonzero(live))
        self._all += bits.size
        self._all_ones += ones
        if ones:
            np.add.at(self._ones, index[:, live].ravel(), 1)
        if self._all > _LIMIT:
            over = touched[self._total.take(touched) > _LIMIT]
            self._ones[over] = self._ones[over] * _LIMIT // self._total[over]
            self._total[over] = _LIMIT
