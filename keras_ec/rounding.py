"""Rounding of float32 values to few bits: short vectors, scales, centers.

Short vectors, biases and the like, are small in number but, at 32 bits each, not small beside
a network of 0.1 bit a weight. Their grids depend on their largest entry, or a magnitude that is
given, so that rounding again, also after a disturbance in the last bits of float32, changes
nothing.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from keras import ops

Tensor = Any

VECTOR_BITS = 8
"""Default resolution of vectors rounded after training: steps of 1/64 to 1/127 of the largest."""

SCALE_BITS = 5
"""Significant bits of a normalization scale: within 3.1 % of the trained value."""

MANTISSA_BITS = 12
"""Significant bits that hardening keeps of a spacing or a free center.

Few enough that their product with a folded normalization scale of few bits is
exact in float32, and that a table of centers costs two bytes an entry.
"""

_SLACK = 1e-4
_POWERS = np.ldexp(np.float32(1.0), np.arange(-126, 128))


def check_vector_bits(bits: int) -> None:
    """Raises a ValueError unless `bits` is a resolution that vectors can be rounded to."""
    if isinstance(bits, bool) or not isinstance(bits, (int, np.integer)) or not 2 <= bits <= 24:
        raise ValueError(
            f"Expected a whole number of bits from 2 to 24, sign included. Received: {bits!r}"
        )


def rounded(values: Tensor, bits: int) -> Tensor:
    """Rounds values to signed whole multiples of a power of two.

    The step is the least power of two with which no multiple exceeds
    ``2^(bits - 1) - 1`` in magnitude. It is looked up, not computed: compiled code, whose
    powers may be inexact, rounds to the same bits as hardening.

    Args:
        values: float32, shape (n,), n >= 1, finite.
        bits: bits a value, sign included, 2 to 24.

    Returns:
        float32, shape (n,).
    """
    largest = ops.max(ops.abs(values))
    step = _step(largest, bits)
    limit = _limit(bits)
    multiples = ops.clip(ops.round(values / step), -limit, limit)
    return ops.where(largest < 1e-30, ops.zeros_like(values), multiples * step)


def _limit(bits: int) -> float:
    """Largest multiple of a step."""
    return 2.0 ** (bits - 1) - 1.0


def _step(largest: Tensor, bits: int) -> Tensor:
    """Least power of two of which a magnitude is at most `_limit` multiples."""
    enough = largest * ((1.0 - _SLACK) / _limit(bits)) <= _POWERS
    return ops.min(ops.where(enough, _POWERS, float("inf")))


def straight_through(values: Tensor, bits: int) -> Tensor:
    """As `rounded`, with the gradient of the identity (Bengio et al. 2013, arXiv 1308.3432).

    Args:
        values: float32, shape (n,), n >= 1, finite.
        bits: bits a value, sign included, 2 to 24.

    Returns:
        float32, shape (n,).
    """

    @ops.custom_gradient
    def evaluate(values):
        def gradient(*args, upstream=None):
            if upstream is None:
                (upstream,) = args
            return upstream

        return rounded(values, bits), gradient

    return evaluate(values)


def round_vector(values: Any, bits: int = VECTOR_BITS, usual: float = math.inf) -> np.ndarray:
    """Rounds values as `rounded`, outside of a model.

    Args:
        values: array-like of finite floats.
        bits: bits a value, sign included, 2 to 24.
        usual: magnitude that determines the step in place of the largest value's, if that is
            larger: so the others are not rounded away beside it, and it takes more bits.

    Returns:
        float32 array of the same shape, free of negative zeros.

    Raises:
        ValueError: if `bits` is out of range.

    Example:
        >>> round_vector([0.1, -0.02, 1.0], bits=4)
        array([0., 0., 1.], dtype=float32)
    """
    check_vector_bits(bits)
    values = np.asarray(values, "float32")
    if not values.size:
        return values
    if usual < np.max(np.abs(values)):
        step = float(_step(ops.convert_to_tensor(np.float32(usual)), bits))
        result = (np.round(values / np.float64(step)) * step).astype("float32")
    else:
        result = ops.convert_to_numpy(rounded(ops.convert_to_tensor(values), bits))
    return result + np.float32(0.0)


def round_scales(values: Any) -> np.ndarray:
    """Rounds values to `SCALE_BITS` significant bits.

    Products of such scales with hardened weights are exact in float32.

    Args:
        values: array-like of finite floats, any sign.

    Returns:
        float32 array of the same shape, free of negative zeros.

    Example:
        >>> round_scales([1.0, -1.26, 0.0])
        array([ 1.  , -1.25,  0.  ], dtype=float32)
    """
    return round_mantissa(values, SCALE_BITS) + np.float32(0.0)


def round_mantissa(values: Any, bits: int = MANTISSA_BITS) -> np.ndarray:
    """Rounds float values to a number of significant bits.

    Args:
        values: array-like of floats.
        bits: significant bits to keep, 1 to 24.

    Returns:
        float32 array of the same shape.

    Example:
        >>> float(round_mantissa(1.3, bits=3))
        1.25
    """
    mantissa, exponent = np.frexp(np.asarray(values, "float64"))
    return np.ldexp(np.round(np.ldexp(mantissa, bits)), exponent - bits).astype("float32")
