"""Range coder backend: the C++ operations of TensorFlow Compression.

TensorFlow Compression takes a fixed table of distributions when a coder is created, and a row of
that table for each symbol. The table here holds every binary distribution of 16-bit precision, so
that the row number *is* the probability, and models may adapt as freely as they like.
"""

import functools
import importlib.util
import sys
from typing import Any

import numpy as np

from keras_ec.coding.range_coder import ONE, PRECISION, WorkMeter

_FLUSH_BITS = 1 << 20
_LANES_AT_ONCE = 64
"""Bounds the memory of decoding: the operations take and give 32-bit integers."""


@functools.cache
def _backend() -> tuple[Any, Any, Any]:
    """Returns TensorFlow, the operations, and the table of binary distributions."""
    if importlib.util.find_spec("tensorflow_compression_ops") is None:
        raise ImportError("tensorflow_compression_ops is not installed.")
    import tensorflow as tf

    try:
        import tensorflow_compression_ops as tfc
    except (OSError, tf.errors.OpError) as error:  # operations of another TensorFlow version
        raise ImportError("tensorflow_compression_ops does not load.") from error
    ones = np.arange(1, ONE, dtype=np.int32)
    table = np.empty((ONE - 1, 4), np.int32)
    table[:, 0] = PRECISION
    table[:, 1] = 0
    table[:, 2] = ONE - ones
    table[:, 3] = ONE
    with tf.device("CPU"):
        return tf, tfc, tf.constant(table)


def is_available() -> bool:
    """Returns whether TensorFlow Compression can be used without importing TensorFlow first.

    Importing TensorFlow takes longer than coding most models, so that it is left to the caller:
    where it is imported already, as by Keras, its range coder is used.
    """
    return "tensorflow" in sys.modules and _loads()


@functools.cache
def _loads() -> bool:
    try:
        _backend()
    except ImportError:
        return False
    return True


class TfcBitEncoder:
    """Encodes binary decisions with TensorFlow Compression.

    Example:
        >>> encoder = TfcBitEncoder()
        >>> _ = encoder.code(np.array([60000, 60000]), np.array([1, 1]))
        >>> len(encoder.finish())
        1
    """

    decoding = False

    def __init__(self) -> None:
        self._tf, self._tfc, table = _backend()
        self._handle = self._tfc.create_range_encoder([], table)
        self._pending: list[tuple[np.ndarray, np.ndarray]] = []
        self._pending_bits = 0
        self._work = WorkMeter()

    def code(self, p: np.ndarray, bits: np.ndarray | None = None) -> np.ndarray:
        """Appends `bits` with probabilities `p`; returns `bits`."""
        bits = np.asarray(bits, np.int32)
        self._work.add(bits.size)
        self._pending.append((np.asarray(p, np.int32) - 1, bits))
        self._pending_bits += bits.size
        if self._pending_bits >= _FLUSH_BITS:
            self._flush()
        return bits

    def _flush(self) -> None:
        if self._pending:
            index = np.concatenate([item[0] for item in self._pending])
            value = np.concatenate([item[1] for item in self._pending])
            with self._tf.device("CPU"):
                self._handle = self._tfc.entropy_encode_index(self._handle, index, value)
        self._pending = []
        self._pending_bits = 0

    def finish(self) -> bytes:
        """Returns the encoded bytes."""
        self._flush()
        with self._tf.device("CPU"):
            stream = bytes(self._tfc.entropy_encode_finalize(self._handle).numpy())
        return self._work.pad(stream)


def _lookup(cumulative: np.ndarray) -> np.ndarray:
    """Returns cumulative frequencies in the form that the operations take."""
    return np.concatenate([np.full((len(cumulative), 1), PRECISION), cumulative], 1).astype(
        np.int32
    )


def encode_symbols(cumulative: np.ndarray, table: np.ndarray, symbols: np.ndarray) -> list[bytes]:
    """Encodes lanes of symbols; see `symbol_streams.encode_lanes`."""
    tf, tfc, _ = _backend()
    with tf.device("CPU"):
        handle = tfc.create_range_encoder([len(symbols)], _lookup(cumulative))
        handle = tfc.entropy_encode_index(handle, table.astype(np.int32), symbols.astype(np.int32))
        return [bytes(stream) for stream in tfc.entropy_encode_finalize(handle).numpy()]


def decode_symbols(
    cumulative: np.ndarray, table: np.ndarray, streams: list[bytes] | list[memoryview]
) -> np.ndarray:
    """Decodes lanes of symbols; see `symbol_streams.SymbolJob`."""
    tf, tfc, _ = _backend()
    result = np.empty_like(table)
    with tf.device("CPU"):
        for start in range(0, len(streams), _LANES_AT_ONCE):
            some = slice(start, start + _LANES_AT_ONCE)
            source = tf.constant([bytes(stream) for stream in streams[some]], tf.string)
            handle = tfc.create_range_decoder(source, _lookup(cumulative))
            _, symbols = tfc.entropy_decode_index(
                handle, table[some].astype(np.int32), [table.shape[1]], tf.int32
            )
            result[some] = symbols.numpy()
    return result
