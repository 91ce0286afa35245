"""Integer logarithms, with which counts become classes."""

import numpy as np


def half_log(count: int) -> int:
    """Returns twice the binary logarithm of `1 + count`, linear between powers of two, floored."""
    number = 1 + count
    exponent = number.bit_length() - 1
    return 2 * exponent + (number >> (exponent - 1) & 1 if exponent else 0)


def half_logs(counts: np.ndarray) -> np.ndarray:
    """Returns `half_log` of every count, int64."""
    distinct, inverse = np.unique(counts, return_inverse=True)
    table = np.array([half_log(int(count)) for count in distinct], np.int64)
    return table[inverse].reshape(counts.shape)


def sixteenth_log(number: int) -> int:
    """Returns 16 times the binary logarithm, linear between powers of two, floored.

    Args:
        number: At least 16.
    """
    exponent = number.bit_length() - 1
    return 16 * exponent + (number >> (exponent - 4) & 15)


def sixteenth_logs(numbers: np.ndarray) -> np.ndarray:
    """Returns `sixteenth_log` of every number, int64; numbers from 16 to `2**52`."""
    exponents = np.frexp(numbers.astype(np.float64))[1].astype(np.int64) - 1
    return 16 * exponents + (numbers >> (exponents - 4) & 15)
