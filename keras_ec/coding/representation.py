"""Representations of a weight buffer: how values become integers, and integers values.

alphabet   value = alphabet[k]: few distinct bit patterns of 1, 2 or 4 bytes
product    value = float32(k * scale[channel]), one channel or one scale for each
tables     value = table[channel][k]: few distinct values in each channel
integers   value = k: signed integers of 1, 2 or 4 bytes
"""

import dataclasses
import math

import numpy as np

from keras_ec.coding.adaptive_bits import AdaptiveUint, code_bounded
from keras_ec.coding.alphabet import Alphabet, code_alphabet, find_alphabet, patterns_at
from keras_ec.coding.channel_tables import (
    ChannelTables,
    code_channel_tables,
    find_channel_tables,
    look_up_channels,
)
from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.float_product import MAX_FACTOR, is_scale, product_bits
from keras_ec.coding.float_vector import code_float_vector
from keras_ec.coding.integer_tensor import History, StaticFrom, code_integers
from keras_ec.coding.large_arrays import look_up
from keras_ec.coding.range_coder import BitCoder
from keras_ec.coding.scale_search import find_scale
from keras_ec.coding.static_tensor import SideStreams

ALPHABET, PRODUCT, TABLES, INTEGERS = range(4)
MAX_RANK = 8
MAX_FREE_VALUES = 2 * 127 + 1
NO_AXIS = 0
_NONE = np.zeros(0, np.int32)


@dataclasses.dataclass(frozen=True)
class Representation:
    """A weight buffer as integers and what turns them into values.

    Attributes:
        kind: `ALPHABET`, `PRODUCT`, `TABLES` or `INTEGERS`.
        itemsize: Bytes of an element: 1, 2 or 4.
        shape: Shape of the tensor; no axis of length 0, at most `MAX_RANK` axes.
        axis: 1 + the channel axis, or `NO_AXIS`.
        integers: int32 array of shape `shape`.
        scales: uint32 array of float32 bit patterns, one for each channel (`PRODUCT`).
        alphabet: The alphabet (`ALPHABET`).
        tables: The channels' alphabets (`TABLES`).
    """

    kind: int
    itemsize: int
    shape: tuple[int, ...]
    axis: int
    integers: np.ndarray
    scales: np.ndarray | None = None
    alphabet: Alphabet | None = None
    tables: ChannelTables | None = None


def bytes_of(item: Representation) -> int:
    """Returns the number of bytes that a representation stands for."""
    return item.integers.size * item.itemsize


def _rows(values: np.ndarray, axis: int) -> np.ndarray:
    """Returns a tensor as a matrix with one channel a row; one row for `NO_AXIS`."""
    if axis == NO_AXIS:
        return values.reshape(1, -1)
    return np.moveaxis(values, axis - 1, 0).reshape(values.shape[axis - 1], -1)


def _from_rows(rows: np.ndarray, shape: tuple[int, ...], axis: int) -> np.ndarray:
    if axis == NO_AXIS:
        return rows.reshape(shape)
    rest = shape[: axis - 1] + shape[axis:]
    return np.moveaxis(rows.reshape((shape[axis - 1], *rest)), 0, axis - 1)


def as_alphabet(bits: np.ndarray) -> Representation | None:
    """Represents a tensor of bit patterns (uint8, uint16 or uint32) by a global alphabet."""
    found = find_alphabet(bits)
    if found is None:
        return None
    alphabet, indices = found
    return Representation(
        ALPHABET, bits.dtype.itemsize, bits.shape, NO_AXIS, indices, alphabet=alphabet
    )


def as_integers(bits: np.ndarray) -> Representation:
    """Represents a tensor of bit patterns by the signed integers they are."""
    values = bits.view(bits.dtype.str.replace("u", "i"))
    return Representation(INTEGERS, bits.dtype.itemsize, bits.shape, NO_AXIS, values)


def as_product(bits: np.ndarray, axis: int) -> Representation | None:
    """Represents a tensor of float32 bit patterns by integers times scales.

    Args:
        bits: uint32 array.
        axis: 1 + the channel axis, or `NO_AXIS` for one scale.

    Returns:
        The representation; `None` where a channel's values have no common scale.
    """
    if axis == NO_AXIS:
        found = find_alphabet(bits)
        return None if found is None else product_of_alphabet(*found)
    rows = _rows(bits, axis)
    scales = np.zeros(rows.shape[0], np.uint32)
    for channel, row in enumerate(rows):
        values = np.unique(row)
        if values.size > MAX_FREE_VALUES:
            return None
        if (values & 0x7FFFFFFF).any():
            scale = find_scale(values)
            if scale is None:
                return None
        elif values.size == 1:
            previous = scales[channel - 1] if channel else np.uint32(0x3F800000)
            scale = int(previous) & 0x7FFFFFFF | int(values[0])
        else:
            return None
        scales[channel] = scale
    numbers = rows.view(np.float32).astype(np.float64)
    factors = np.rint(numbers / scales.view(np.float32).astype(np.float64)[:, None])
    factors = factors.astype(np.int32)
    rebuilt, valid = _products(factors, scales)
    if not valid or (rebuilt != rows).any():
        return None
    integers = np.ascontiguousarray(_from_rows(factors, bits.shape, axis))
    return Representation(PRODUCT, 4, bits.shape, axis, integers, scales=scales)


def product_of_alphabet(alphabet: Alphabet, indices: np.ndarray) -> Representation | None:
    """Represents a tensor by integers times one scale, given its alphabet and indices into it."""
    patterns = alphabet.patterns
    if patterns.dtype.itemsize != 4 or patterns.size > MAX_FREE_VALUES:
        return None
    whole = as_product(patterns.reshape(1, -1), 1)
    if whole is None:
        return None
    factors = whole.integers[0].astype(np.int16)
    integers = look_up(factors, indices, -alphabet.origin)
    return Representation(PRODUCT, 4, indices.shape, NO_AXIS, integers, scales=whole.scales)


def as_tables(bits: np.ndarray, axis: int) -> Representation | None:
    """Represents a tensor of float32 bit patterns by an alphabet for each channel."""
    found = find_channel_tables(_rows(bits, axis))
    if found is None:
        return None
    tables, ranks = found
    integers = np.ascontiguousarray(_from_rows(ranks, bits.shape, axis))
    return Representation(TABLES, 4, bits.shape, axis, integers, tables=tables)


def to_bits(item: Representation) -> np.ndarray:
    """Returns the bit patterns of a representation: unsigned array of its shape and itemsize.

    Raises:
        CorruptFileError: If an integer has no value.
    """
    if item.kind == INTEGERS:
        limit = 1 << (8 * item.itemsize - 1)
        wide = item.integers
        if int(wide.min()) < -limit or int(wide.max()) >= limit:
            raise CorruptFileError(f"Expected integers of {item.itemsize} bytes, found larger.")
        return wide.astype(f"<i{item.itemsize}").view(f"<u{item.itemsize}")
    if item.kind == ALPHABET:
        return patterns_at(item.alphabet, item.integers)
    rows = _rows(item.integers, item.axis)
    if item.kind == TABLES:
        result = look_up_channels(item.tables, rows)
    else:
        low, high = int(rows.min()), int(rows.max())
        if max(-low, high) > MAX_FACTOR:
            raise CorruptFileError(f"Expected integers of magnitude at most {MAX_FACTOR}.")
        result, valid = _products(rows, item.scales)
        if not valid:
            raise CorruptFileError("A product of scale and integer leaves the range of float32.")
    return _from_rows(result, item.shape, item.axis)


def _products(factors: np.ndarray, scales: np.ndarray) -> tuple[np.ndarray, bool]:
    """Returns what `product_bits` does for a matrix with one channel and one scale a row."""
    low, high = int(factors.min()), int(factors.max())
    if high - low >= factors.shape[1]:
        return product_bits(factors, scales[:, None])
    table, valid = product_bits(np.arange(low, high + 1), scales[:, None])
    result = np.empty(factors.shape, np.uint32)
    for row, values, line in zip(table, factors, result, strict=True):
        look_up(row, values, low, out=line)
    return result, valid


class RepresentationCoder:
    """Codes representations one after another, learning from one to the next.

    Args:
        coder: Encoder, decoder or cost counter.
        streams: Where the symbols of large tensors go, or come from.
        static: See `History`.
    """

    def __init__(
        self, coder: BitCoder, streams: SideStreams | None = None, static: StaticFrom | None = None
    ) -> None:
        self._coder = coder
        self.history = History(streams or SideStreams(), static)
        self._kinds = AdaptiveUint(2)
        self._sizes = AdaptiveUint(2)
        self._ranks = AdaptiveUint(4)
        self._axes = AdaptiveUint(4)
        self._lengths = AdaptiveUint(33)

    def code(self, max_bytes: int, item: Representation | None = None) -> Representation:
        """Codes one representation; returns it.

        Args:
            max_bytes: Limit of the tensor's size; a decoder allocates nothing beyond it.
            item: The representation when encoding, `None` when decoding.

        Raises:
            CorruptFileError: If the stream holds an impossible representation.
        """
        header = self.code_header(max_bytes, item)
        known = None if item is None else item.integers
        integers = code_integers(self._coder, header.shape, known, self.history)
        return dataclasses.replace(header, integers=integers)

    def code_header(self, max_bytes: int, item: Representation | None = None) -> Representation:
        """Codes everything but the integers; returns a representation with none.

        Args:
            max_bytes: As in `code`.
            item: As in `code`.

        Raises:
            CorruptFileError: If the stream holds an impossible representation.
        """
        known = item is not None
        coder = self._coder
        kind = self._kinds.code(coder, item.kind if known else None)
        itemsize = 4
        if kind in (ALPHABET, INTEGERS):
            log2 = item.itemsize.bit_length() - 1 if known else None
            itemsize = 1 << code_bounded(coder, self._sizes, 2, log2)
        shape = self._code_shape(max_bytes // itemsize, item.shape if known else None)
        axis = NO_AXIS
        if kind in (PRODUCT, TABLES):
            axis = code_bounded(coder, self._axes, len(shape), item.axis if known else None)
        channels = shape[axis - 1] if axis else 1
        scales = alphabet = tables = None
        if kind == PRODUCT:
            scales = code_float_vector(coder, channels, item.scales if known else None)
            if not is_scale(scales).all():
                raise CorruptFileError("Expected normal float32 scales, found another pattern.")
        elif kind == TABLES:
            tables = code_channel_tables(
                coder, channels, math.prod(shape), item.tables if known else None
            )
        elif kind == ALPHABET:
            alphabet = code_alphabet(coder, itemsize, item.alphabet if known else None)
        return Representation(kind, itemsize, shape, axis, _NONE, scales, alphabet, tables)

    def _code_shape(self, limit: int, shape: tuple[int, ...] | None) -> tuple[int, ...]:
        rank = code_bounded(
            self._coder, self._ranks, MAX_RANK, None if shape is None else len(shape)
        )
        result = []
        for axis in range(rank):
            length = self._lengths.code(self._coder, None if shape is None else shape[axis])
            result.append(length)
            if not length or math.prod(result) > limit:
                raise CorruptFileError(
                    f"Expected a tensor of 1 to {limit} elements, found shape {tuple(result)}."
                )
        if not result:
            raise CorruptFileError("Expected a tensor of rank 1 or more, found rank 0.")
        return tuple(result)
