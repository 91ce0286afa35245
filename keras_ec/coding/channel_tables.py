"""Alphabets of their own for every channel of a tensor, with one shared tensor of ranks.

Within a channel the distinct values are ranked, zero having rank 0, negative values negative ranks.
"""

import dataclasses

import numpy as np

from keras_ec.coding.alphabet import numeric_order
from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.float_vector import code_float_vector
from keras_ec.coding.integer_tensor import code_integers
from keras_ec.coding.range_coder import BitCoder

MAX_VALUES = 255
"""Most distinct values in a channel."""


@dataclasses.dataclass(frozen=True)
class ChannelTables:
    """Values of every channel.

    Attributes:
        positive: int array of shape `(C,)`, number of values above zero.
        negative: int array of shape `(C,)`, number of values below zero.
        zero_sign: int array of shape `(C,)`, 1 where the channel's zero is a negative zero.
        values: uint32 array, the channels' non-zero values, ascending within a channel.
    """

    positive: np.ndarray
    negative: np.ndarray
    zero_sign: np.ndarray
    values: np.ndarray


def find_channel_tables(rows: np.ndarray) -> tuple[ChannelTables, np.ndarray] | None:
    """Splits a matrix of float32 bit patterns, one channel a row, into tables and ranks.

    Args:
        rows: uint32 array of shape `(C, n)`.

    Returns:
        The tables and an int32 array of ranks of shape `(C, n)`; `None` where a channel has more
        than `MAX_VALUES` values, or zeros of both signs.
    """
    ranks = np.empty(rows.shape, np.int32)
    fields: list[tuple[int, int, int]] = []
    values = []
    for channel, row in enumerate(rows):
        patterns, inverse = np.unique(row, return_inverse=True)
        if patterns.size > MAX_VALUES + 1:
            return None
        zero = patterns & 0x7FFFFFFF == 0
        if zero.sum() > 1:
            return None
        live = patterns[~zero]
        live = live[np.argsort(numeric_order(live))]
        negative = int((live >> 31).sum())
        keys = np.concatenate([live[:negative], patterns[zero], live[negative:]])
        position = {int(p): i for i, p in enumerate(keys)}
        shift = np.array([position[int(p)] for p in patterns], np.int32) - negative
        if not zero.any():
            shift += shift >= 0
        ranks[channel] = shift[inverse.ravel()]
        fields.append((live.size - negative, negative, int((patterns[zero] >> 31).sum())))
        values.append(live)
    positive, below, sign = (np.array(column, np.int64) for column in zip(*fields, strict=True))
    return ChannelTables(positive, below, sign, np.concatenate(values)), ranks


def code_channel_tables(
    coder: BitCoder, channels: int, elements: int, tables: ChannelTables | None = None
) -> ChannelTables:
    """Codes the tables of `channels` channels of a tensor of `elements` elements; returns them.

    Raises:
        CorruptFileError: If the stream holds impossible tables.
    """
    known = tables is not None
    shape = (channels,)
    positive = code_integers(coder, shape, tables.positive if known else None)
    negative = code_integers(coder, shape, tables.negative if known else None)
    zero_sign = code_integers(coder, shape, tables.zero_sign if known else None)
    if min(positive.min(), negative.min(), zero_sign.min()) < 0 or zero_sign.max() > 1:
        raise CorruptFileError("Expected numbers of values per channel, found a negative one.")
    if max(positive.max(), negative.max()) > MAX_VALUES + 1:
        raise CorruptFileError(f"Expected at most {MAX_VALUES + 1} values in a channel.")
    total = int(positive.sum(dtype=np.int64) + negative.sum(dtype=np.int64))
    if total > elements:
        raise CorruptFileError(f"Expected at most {elements} values in channels, found {total}.")
    values = np.zeros(0, np.uint32)
    if total:
        values = code_float_vector(coder, total, tables.values if known else None)
    return ChannelTables(positive, negative, zero_sign, values)


def look_up_channels(tables: ChannelTables, ranks: np.ndarray) -> np.ndarray:
    """Returns the bit patterns of a matrix of ranks, one channel a row.

    Raises:
        CorruptFileError: If a rank is outside its channel's table.
    """
    above = ranks > tables.positive[:, None]
    below = ranks < -tables.negative[:, None]
    if above.any() or below.any():
        raise CorruptFileError("Expected ranks within their channels' tables, found one outside.")
    sizes = tables.positive + tables.negative
    start = (np.cumsum(sizes) - sizes + tables.negative)[:, None]
    padded = np.append(tables.values, np.uint32(0))
    result = padded[np.where(ranks == 0, -1, start + ranks - (ranks > 0))]
    return np.where(ranks == 0, (tables.zero_sign[:, None] << 31).astype(np.uint32), result)
