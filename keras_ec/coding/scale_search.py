"""Finds a scale of which float32 numbers are small integer multiples, rounded or exact."""

import numpy as np

from keras_ec.coding.float_product import is_scale, product_bits

MAX_LEVEL = 127
"""Largest integer a rounded scale is tried with."""

_DIVISORS = 16


def exact_step(bits: np.ndarray, max_factor: int) -> int | None:
    """Returns the largest float32 of which all numbers are exact integer multiples.

    Args:
        bits: uint32 array of bit patterns, zeros allowed.
        max_factor: Largest integer wanted.

    Returns:
        A positive float32 bit pattern, or `None`.
    """
    live = bits[bits & 0x7FFFFFFF != 0]
    if not live.size or not is_scale(live).all():
        return None
    exponent = (live >> 23 & 0xFF).astype(np.int64)
    lowest = int(exponent.min())
    if exponent.max() - lowest > 38:
        return None
    multiples = (live.astype(np.int64) & 0x7FFFFF | 1 << 23) << (exponent - lowest)
    step = int(np.gcd.reduce(multiples))
    if int(multiples.max()) // step > max_factor:
        return None
    length = step.bit_length()
    excess = length - 24
    if (excess > 0 and step & ((1 << excess) - 1)) or not 0 < lowest + excess < 255:
        return None
    mantissa = step >> excess if excess > 0 else step << -excess
    return (lowest + excess) << 23 | mantissa & 0x7FFFFF


def rounded_step(bits: np.ndarray) -> int | None:
    """Returns a float32 of which all numbers are integer multiples, rounded to float32.

    The smallest magnitude is taken for 1, 2, 3, ... steps in turn. The other numbers' integers
    follow, each number bounds the step by half a unit in the last place, and the float32 numbers
    within all bounds are tried.

    Args:
        bits: uint32 array of distinct bit patterns, zeros allowed.

    Returns:
        A positive float32 bit pattern, or `None` if no integers up to `MAX_LEVEL` fit.
    """
    live = np.unique(bits[bits & 0x7FFFFFFF != 0] & np.uint32(0x7FFFFFFF))
    if not live.size or not is_scale(live).all():
        return None
    values = live.view(np.float32).astype(np.float64)
    half_ulp = np.ldexp(1.0, (live >> 23).astype(np.int64) - 151)
    for divisor in range(1, _DIVISORS + 1):
        rough = values[0] / divisor
        if values[-1] / rough > MAX_LEVEL + 0.5:
            return None
        factors = np.rint(values / rough)
        low = ((values - half_ulp) / factors).max()
        high = ((values + half_ulp) / factors).min()
        if low > high * (1 + 1e-12):
            continue
        for candidate in _candidates(low, high):
            rebuilt, valid = product_bits(factors.astype(np.int64), np.array(candidate, np.uint32))
            if valid and (rebuilt == live).all():
                return candidate
    return None


def _candidates(low: float, high: float) -> list[int]:
    """Returns patterns of float32 numbers in or next to `[low, high]`, the middle first."""
    middle = int(np.float32((low + high) / 2).view(np.uint32))
    patterns = [middle, middle - 1, middle + 1, middle - 2, middle + 2]
    return [p for p in patterns if is_scale(np.array(p)).all()]


def find_scale(bits: np.ndarray) -> int | None:
    """Returns a scale of which the numbers are small integer multiples, rounded or exact.

    Args:
        bits: uint32 array of float32 bit patterns. Zeros are all positive or all negative.

    Returns:
        The scale's bit pattern, with its sign set where zeros are negative; `None` if there is
        no such scale, or nothing but zeros.
    """
    zeros = bits[bits & 0x7FFFFFFF == 0] >> 31
    if zeros.size and zeros.min() != zeros.max():
        return None
    scale = exact_step(bits, MAX_LEVEL) or rounded_step(bits)
    if scale is None:
        return None
    return scale | (int(zeros[0]) << 31 if zeros.size else 0)
