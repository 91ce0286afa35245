"""Products of a small integer and a float32 scale, correctly rounded, in integer arithmetic.

`product_bits(k, s)` is what an IEEE 754 multiplication `float32(k) * s` gives, bit for bit, the
sign of zero included, without using floating point, so that every decoder agrees.
"""

import numpy as np

MAX_FACTOR = (1 << 24) - 1
"""Largest magnitude of the integer factor: it must itself be a float32."""

_MANTISSA = (1 << 23) - 1


def split_bits(bits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns sign (0 or 1), biased exponent and 24-bit mantissa of float32 bit patterns.

    Args:
        bits: uint32 array.

    Returns:
        Three int64 arrays. The mantissa's leading one is set, whatever the exponent.
    """
    wide = bits.astype(np.int64)
    return wide >> 31, wide >> 23 & 0xFF, wide & _MANTISSA | 1 << 23


def is_scale(bits: np.ndarray) -> np.ndarray:
    """Returns where uint32 bit patterns are usable as scales: normal float32 numbers."""
    exponent = bits >> 23 & 0xFF
    return (exponent > 0) & (exponent < 255)


def product_bits(factors: np.ndarray, scales: np.ndarray) -> tuple[np.ndarray, bool]:
    """Returns bit patterns of `float32(factors) * scales`, rounded half to even.

    Args:
        factors: Integer array, magnitudes at most `MAX_FACTOR`.
        scales: uint32 array of normal float32 bit patterns, broadcastable against `factors`.

    Returns:
        uint32 array of the broadcast shape, and whether every product is zero or a normal
        number (where not, the patterns are meaningless).
    """
    sign, exponent, mantissa = split_bits(scales)
    factors = factors.astype(np.int64)
    exact = np.abs(factors) * mantissa
    # Exact products have 24 to 48 bits; float64 holds them, so that frexp finds their length.
    drop = np.maximum(np.frexp(exact.astype(np.float64))[1].astype(np.int64) - 24, 0)
    kept = exact >> drop
    rest = exact - (kept << drop)
    half = (np.int64(1) << drop) >> 1
    up = (drop > 0) & ((rest > half) | ((rest == half) & (kept & 1 == 1)))
    kept = kept + up
    carry = kept >> 24
    kept = kept >> carry
    result_exponent = exponent + drop + carry
    zero = factors == 0
    valid = bool(np.all(zero | (result_exponent < 255)))
    sign = sign ^ (factors < 0)
    magnitude = np.where(zero, 0, (result_exponent << 23) | (kept & _MANTISSA))
    return (sign << 31 | magnitude).astype(np.uint32), valid
