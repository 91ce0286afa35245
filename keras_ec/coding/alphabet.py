"""Alphabets: the distinct values of a tensor in order, and indices into them."""

import dataclasses

import numpy as np

from keras_ec.coding.adaptive_bits import AdaptiveUint, code_bounded
from keras_ec.coding.distinct_values import distinct
from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.float_vector import code_float_vector
from keras_ec.coding.integer_tensor import code_integers
from keras_ec.coding.large_arrays import count, look_up
from keras_ec.coding.range_coder import BitCoder

MAX_SIZE = 4096


@dataclasses.dataclass(frozen=True)
class Alphabet:
    """Distinct bit patterns, in numeric order.

    Attributes:
        patterns: Unsigned integer array of shape `(K,)`, itemsize 1, 2 or 4 bytes.
        origin: Index of the pattern that the integer 0 stands for: zero's where it occurs,
            else the most frequent one's.
    """

    patterns: np.ndarray
    origin: int


def numeric_order(patterns: np.ndarray) -> np.ndarray:
    """Returns unsigned keys that sort floating-point bit patterns by value, negatives first."""
    top = patterns.dtype.type(1 << (8 * patterns.dtype.itemsize - 1))
    return np.where(patterns & top, ~patterns, patterns | top)


def find_alphabet(bits: np.ndarray) -> tuple[Alphabet, np.ndarray] | None:
    """Splits a tensor of bit patterns into alphabet and integers.

    Args:
        bits: Unsigned integer array of any shape, at least one element.

    Returns:
        The alphabet and an int16 array of the same shape, zero at the alphabet's origin; `None`
        where there are more than `MAX_SIZE` distinct values.
    """
    found = distinct(bits, MAX_SIZE)
    if found is None:
        return None
    patterns, inverse = found
    order = np.argsort(numeric_order(patterns), kind="stable")
    rank = np.empty(order.size, np.int16)
    rank[order] = np.arange(order.size, dtype=np.int16)
    zero = np.flatnonzero(patterns == 0)
    patterns = patterns[order]
    origin = int(rank[zero[0]]) if zero.size else _most_frequent(inverse, order)
    rank -= np.int16(origin)
    return Alphabet(patterns, origin), look_up(rank, inverse).reshape(bits.shape)


def _most_frequent(inverse: np.ndarray, order: np.ndarray) -> int:
    """Returns the rank of the most frequent pattern, given what has each rank in `order`."""
    return int(np.argmax(count(inverse, 0, order.size)[order]))


def code_alphabet(coder: BitCoder, itemsize: int, alphabet: Alphabet | None = None) -> Alphabet:
    """Codes an alphabet; returns it.

    Raises:
        CorruptFileError: If the stream holds an impossible alphabet.
    """
    known = alphabet is not None
    model = AdaptiveUint(12)
    largest = min(MAX_SIZE, 1 << 8 * itemsize)
    size = 1 + code_bounded(
        coder, model, largest - 1, alphabet.patterns.size - 1 if known else None
    )
    origin = code_bounded(coder, model, size - 1, alphabet.origin if known else None)
    if itemsize == 4:
        patterns = code_float_vector(coder, size, alphabet.patterns if known else None)
    else:
        values = alphabet.patterns.astype(np.int32) if known else None
        coded = code_integers(coder, (size,), values)
        if coded.min() < 0 or coded.max() >= 1 << 8 * itemsize:
            raise CorruptFileError(f"Expected patterns of {itemsize} bytes, found a larger one.")
        patterns = coded.astype(f"<u{itemsize}")
    return Alphabet(patterns, origin)


def patterns_at(alphabet: Alphabet, indices: np.ndarray) -> np.ndarray:
    """Returns the patterns of integers counted from the alphabet's origin.

    Raises:
        CorruptFileError: If an integer is outside the alphabet.
    """
    low, high = -alphabet.origin, alphabet.patterns.size - 1 - alphabet.origin
    if indices.min() < low or indices.max() > high:
        raise CorruptFileError(f"Expected indices in [{low}, {high}], found one outside.")
    return look_up(alphabet.patterns, indices, low)
