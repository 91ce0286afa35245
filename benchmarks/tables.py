"""Whole numbers coded with the range coder of TensorFlow Compression by fixed tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_ec.coding.varint import ByteReader, write_varint

PRECISION = 16
"""Frequencies of a table sum to two to this power."""


def encode(arrays: Sequence[np.ndarray]) -> bytes:
    """Codes arrays, a table of frequencies each.

    Args:
        arrays: whole numbers, shape (elements,).

    Returns:
        All tables, then the coded numbers.
    """
    parts, rows, index, symbols = [], [], [], []
    for i, array in enumerate(arrays):
        low = int(array.min(initial=0))
        counts = np.bincount(array - low)
        frequencies = quantized(counts)
        parts += [write_varint(-low), write_varint(len(frequencies))]
        parts += [write_varint(int(f)) for f in frequencies]
        rows.append(frequencies)
        index.append(np.full(array.size, i, "int32"))
        symbols.append((array - low).astype("int32"))
    _, tfc, table = _coder(rows)
    handle = tfc.create_range_encoder([], table)
    handle = tfc.entropy_encode_index(handle, np.concatenate(index), np.concatenate(symbols))
    return b"".join(parts) + bytes(tfc.entropy_encode_finalize(handle).numpy())


def decode(data: bytes, sizes: Sequence[int]) -> list[np.ndarray]:
    """Decodes arrays of known sizes."""
    reader = ByteReader(data)
    lows, rows = [], []
    for _ in sizes:
        lows.append(-reader.varint("low"))
        length = reader.varint("length")
        rows.append(np.array([reader.varint("frequency") for _ in range(length)]))
    tf, tfc, table = _coder(rows)
    handle = tfc.create_range_decoder(reader.take(reader.remaining(), "numbers"), table)
    index = np.repeat(np.arange(len(sizes), dtype="int32"), sizes)
    _, symbols = tfc.entropy_decode_index(handle, index, [index.size], tf.int32)
    ends = np.cumsum(sizes)[:-1]
    arrays = np.split(symbols.numpy().astype("int64"), ends)
    return [array + low for array, low in zip(arrays, lows, strict=True)]


def quantized(counts: np.ndarray) -> np.ndarray:
    """Frequencies in proportion to counts, none of those that occur zero.

    Args:
        counts: how often each symbol occurs, at least one does.

    Returns:
        Whole numbers that sum to two to the power of `PRECISION`.
    """
    total = 1 << PRECISION
    frequencies = np.maximum(np.rint(counts * (total / counts.sum())), counts > 0).astype("int64")
    frequencies[frequencies.argmax()] += total - frequencies.sum()
    return frequencies


def _coder(rows: Sequence[np.ndarray]) -> tuple[Any, Any, np.ndarray]:
    """TensorFlow, the operations, and tables of frequencies in the form that they take."""
    import tensorflow as tf
    import tensorflow_compression_ops as tfc

    table = np.full((len(rows), 2 + max(map(len, rows))), 1 << PRECISION, "int32")
    for row, frequencies in zip(table, rows, strict=True):
        row[:2] = PRECISION, 0
        row[2 : 2 + len(frequencies)] = np.cumsum(frequencies)
    return tf, tfc, table
