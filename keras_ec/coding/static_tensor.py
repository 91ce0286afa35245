"""Large integer tensors: fixed tables of symbols, one for every pair of a row and a column class.

Rows are the indices of the first axis, columns those of the last. Classes, tables and the sizes
of the streams go to the main stream; the symbols go to streams of their own, in the order of the
tensor, many at a time.
"""

import dataclasses
import math

import numpy as np

from keras_ec.coding.adaptive_bits import (
    AdaptiveUint,
    code_bounded,
    code_raw_bits,
    code_raw_vector,
    code_signed,
)
from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.integer_matrix import MAX_MAGNITUDE
from keras_ec.coding.large_arrays import BLOCK, count
from keras_ec.coding.range_coder import BitCoder
from keras_ec.coding.symbol_streams import SymbolJob, decode_jobs, encode_lanes
from keras_ec.coding.symbol_tables import MAX_SYMBOLS, cumulative_of, levels_of

_CLASS_BITS = 2
MIN_ELEMENTS = 1 << 14
"""Smaller tensors are never coded this way."""

_LANE_BYTES = 4096
MAX_LANE = 1 << 15
"""Most symbols in a stream."""

_MAX_PER_BYTE = 4096
_MIN_RATE = 64
_LEVEL_BITS = 9
_CLASS_GAIN = 1.003


class SideStreams:
    """Byte strings beside the main stream, in the order of the tensors.

    Args:
        data: The bytes to read from when decoding.
    """

    def __init__(self, data: bytes | memoryview = b"") -> None:
        self.parts: list[bytes] = []
        self._data = memoryview(data)
        self._position = 0
        self._jobs: list[tuple[SymbolJob, np.ndarray, int]] = []

    def read(self, size: int) -> memoryview:
        """Returns the next `size` bytes.

        Raises:
            CorruptFileError: If there are fewer.
        """
        start, self._position = self._position, self._position + size
        if size < 0 or self._position > len(self._data):
            raise CorruptFileError("Truncated file: the symbol streams end too early.")
        return self._data[start : self._position]

    def defer(self, job: SymbolJob, result: np.ndarray, low: int) -> None:
        """Takes a job that `finish` will do, filling `result` with symbols plus `low`."""
        self._jobs.append((job, result, low))

    def finish(self) -> None:
        """Decodes all deferred jobs.

        Raises:
            CorruptFileError: If a stream is damaged, or bytes are left over.
        """
        if self._position != len(self._data):
            raise CorruptFileError("Expected no bytes behind the symbol streams, found some.")
        decode_jobs([job for job, _, _ in self._jobs])
        while self._jobs:
            job, result, low = self._jobs.pop()
            symbols = job.symbols.ravel()[: result.size].reshape(result.shape)
            np.add(symbols, low, out=result, dtype=result.dtype, casting="unsafe")


def fits(values: np.ndarray) -> bool:
    """Returns whether a tensor can be coded with fixed tables."""
    low = int(values.min())
    if values.size < MIN_ELEMENTS or int(values.max()) - low >= MAX_SYMBOLS:
        return False
    live, least = np.count_nonzero(values), values.size / _MIN_RATE
    if _bits(np.array([live, values.size - live])) > least:  # no more than what all symbols cost
        return True
    return _bits(count(values, low, MAX_SYMBOLS)) > least


def _classes(nonzeros: np.ndarray, each: int) -> np.ndarray:
    """Returns a class for every row or column: 0 if dead, others split by density."""
    live = nonzeros[nonzeros > 0]
    if not live.size:
        return np.zeros(nonzeros.size, np.int64)
    cuts = np.quantile(live, [1 / 3, 2 / 3]) if live.size > 8 else [live.max() + 1] * 2
    spread = np.sqrt(np.maximum(live.mean() * (1 - live.mean() / each), 1e-9))
    if live.std() < 1.3 * spread:
        cuts = [each + 1, each + 1]
    return np.searchsorted([1, *cuts], nonzeros, side="right").astype(np.int64)


def _bits(counts: np.ndarray) -> float:
    """Returns the bits that symbols cost in tables of their own frequencies."""
    total = counts.sum(-1, keepdims=True)
    p = counts / np.maximum(total, 1)
    return float(-(counts * np.log2(np.where(counts > 0, p, 1))).sum())


def _compact(classes: np.ndarray) -> np.ndarray:
    return np.unique(classes, return_inverse=True)[1].astype(np.int64)


def _choose_classes(symbols: np.ndarray, zero: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns classes of rows and columns of a tensor of shape `(rows, m, columns)`, and counts.

    The counts have shape `(tables, MAX_SYMBOLS)`.
    """
    rows, middle, columns = symbols.shape
    live = symbols != zero
    by_row = _compact(_classes(np.count_nonzero(live, (1, 2)), middle * columns))
    by_column = _compact(_classes(np.count_nonzero(live, (0, 1)), rows * middle))
    no_row, no_column = np.zeros(rows, np.int64), np.zeros(columns, np.int64)
    joint = _count(symbols, by_row, by_column)
    best = no_row, no_column, joint.sum((0, 1))[None]
    best_bits = _bits(best[2])
    for candidate in (
        (by_row, no_column, joint.sum(1)),
        (no_row, by_column, joint.sum(0)),
        (by_row, by_column, joint.reshape(-1, MAX_SYMBOLS)),
    ):
        *classes, counts = candidate
        if len(counts) == 1:
            continue
        side = 1.6 * sum(c.size for c in classes if c.any()) + 40 * np.count_nonzero(counts) / 8
        bits = _CLASS_GAIN * (_bits(counts) + side)
        if bits < best_bits:
            best, best_bits = candidate, bits
    return best


def _count(symbols: np.ndarray, by_row: np.ndarray, by_column: np.ndarray) -> np.ndarray:
    """Returns counts of symbols, shape `(row classes, column classes, MAX_SYMBOLS)`."""
    shape = int(by_row.max()) + 1, int(by_column.max()) + 1, MAX_SYMBOLS
    first = (by_row[:, None, None] * shape[1] + by_column) * MAX_SYMBOLS
    counts = np.zeros(math.prod(shape), np.int64)
    step = max(1, BLOCK // symbols[0].size)
    for start in range(0, len(symbols), step):
        part = slice(start, start + step)
        counts += np.bincount((first[part] + symbols[part]).ravel(), minlength=counts.size)
    return counts.reshape(shape)


def _code_classes(coder: BitCoder, size: int, classes: np.ndarray | None) -> np.ndarray:
    """Codes the classes of rows or columns; a single class takes one bit."""
    several = None if classes is None else int(classes.any())
    if not code_raw_bits(coder, 1, several):
        return np.zeros(size, np.int64)
    return code_raw_vector(coder, size, _CLASS_BITS, classes)


def _table_numbers(
    shape: tuple[int, ...], by_row: np.ndarray, by_column: np.ndarray, lanes: int
) -> np.ndarray:
    """Returns the table of every symbol, uint8 of shape `(lanes, n)`."""
    size = math.prod(shape)
    table = np.zeros(lanes * -(-size // lanes), np.uint8)
    first = (by_row * (int(by_column.max()) + 1)).astype(np.uint8)
    if first.any() or by_column.any():
        cube = table[:size].reshape(by_row.size, -1, by_column.size)
        np.add(first[:, None, None], by_column.astype(np.uint8), out=cube)
    return table.reshape(lanes, -1)


@dataclasses.dataclass(frozen=True)
class _Encoding:
    """What the encoder has found out about a tensor."""

    low: int
    last: int
    by_row: np.ndarray
    by_column: np.ndarray
    levels: np.ndarray
    lanes: int
    parts: list[bytes]


def _encode(values: np.ndarray, rows: int, columns: int, classed: bool = True) -> _Encoding:
    low = int(values.min())
    last = int(values.max()) - low
    symbols = (values - np.asarray(low, values.dtype)).astype(np.uint8)
    cube = symbols.reshape(rows, -1, columns)
    if classed:
        by_row, by_column, counts = _choose_classes(cube, -low if 0 <= -low <= last else 0)
    else:
        by_row, by_column = np.zeros(rows, np.int64), np.zeros(columns, np.int64)
        counts = count(symbols, 0, MAX_SYMBOLS)[None]
    counts = counts[:, : last + 1]
    counts[counts.sum(1) == 0, 0] = 1
    levels = levels_of(counts)
    cumulative = cumulative_of(levels)
    lanes = max(1, int(_bits(counts)) // 8 // _LANE_BYTES, -(-values.size // MAX_LANE))
    table = _table_numbers(values.shape, by_row, by_column, lanes)
    filler = int(cumulative[0].searchsorted(0, side="right")) - 1
    padded = np.full(table.size, filler, np.uint8)
    padded[: values.size] = symbols.ravel()
    parts = encode_lanes(cumulative, table, padded.reshape(table.shape))
    if classed and values.size > _MAX_PER_BYTE * sum(map(len, parts)):
        return _encode(values, rows, columns, classed=False)
    return _Encoding(low, last, by_row, by_column, levels, lanes, parts)


def code_static(
    coder: BitCoder, shape: tuple[int, ...], streams: SideStreams, values: np.ndarray | None = None
) -> np.ndarray:
    """Codes a large tensor.

    Args:
        coder: Encoder or decoder of the main stream.
        shape: Shape of the tensor, rank 1 or more.
        streams: The streams beside it.
        values: Integer array that `fits` when encoding, `None` when decoding.

    Returns:
        Integer array. When decoding it is filled by `streams.finish()` only.

    Raises:
        CorruptFileError: If the stream holds impossible values.
    """
    rows, columns = shape[0], shape[-1] if len(shape) > 1 else 1
    known = None if values is None else _encode(values, rows, columns)
    low = code_signed(coder, MAX_MAGNITUDE, known.low if known else None)
    last = code_bounded(coder, AdaptiveUint(9), MAX_SYMBOLS - 1, known.last if known else None)
    by_row = _code_classes(coder, rows, known.by_row if known else None)
    by_column = _code_classes(coder, columns, known.by_column if known else None)
    tables = (int(by_row.max()) + 1) * (int(by_column.max()) + 1)
    levels = code_raw_vector(
        coder, tables * (last + 1), _LEVEL_BITS, known.levels.ravel() if known else None
    ).reshape(tables, last + 1)
    size = math.prod(shape)
    lanes = code_bounded(coder, AdaptiveUint(32), size, known.lanes if known else None)
    if not lanes or -(-size // lanes) > MAX_LANE:
        raise CorruptFileError(f"Expected lanes of at most {MAX_LANE} symbols, found more.")
    lengths = np.array([len(part) for part in known.parts]) if known else None
    width = code_bounded(
        coder, AdaptiveUint(6), 17, int(lengths.max()).bit_length() if known else None
    )
    lengths = code_raw_vector(coder, lanes, width, lengths)
    if known:
        streams.parts += known.parts
        return values
    parts = [streams.read(length) for length in lengths.tolist()]
    if size > _MAX_PER_BYTE * sum(map(len, parts)):
        raise CorruptFileError(f"Expected at most {_MAX_PER_BYTE} symbols a byte, found more.")
    cumulative = cumulative_of(levels)
    table = _table_numbers(shape, by_row, by_column, lanes)
    largest = max(-low, low + last)
    dtype = np.int8 if largest < 1 << 7 else np.int16 if largest < 1 << 15 else np.int32
    result = np.zeros(shape, dtype)
    streams.defer(SymbolJob(cumulative, parts, table), result, low)
    return result
