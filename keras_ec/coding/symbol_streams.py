"""Many range-coded streams of symbols at once, for large tensors.

A tensor's symbols are cut into lanes of equal length; each lane is a stream of its own. With
TensorFlow Compression the lanes of a tensor are coded by one call. Without, one loop of NumPy
operations steps through the lanes of all tensors together.
"""

import dataclasses

import numpy as np

from keras_ec.coding import range_coder_tfc
from keras_ec.coding.range_coder import ONE, PRECISION
from keras_ec.coding.range_coder_portable import PortableSymbolEncoder, decode_stream

_FEW_LANES = 64
"""Fewer lanes are decoded faster one by one than in step."""


@dataclasses.dataclass
class SymbolJob:
    """Lanes of one tensor to decode.

    Attributes:
        cumulative: int32 array of shape `(tables, symbols + 1)`, cumulative frequencies.
        streams: The lanes' bytes.
        table: uint8 array of shape `(lanes, n)`, the table of every symbol.
        symbols: uint8 array of shape `(lanes, n)`, once decoded.
    """

    cumulative: np.ndarray
    streams: list[bytes] | list[memoryview]
    table: np.ndarray | None
    symbols: np.ndarray | None = None


def encode_lanes(cumulative: np.ndarray, table: np.ndarray, symbols: np.ndarray) -> list[bytes]:
    """Encodes lanes of symbols.

    Args:
        cumulative: As in `SymbolJob`.
        table: As in `SymbolJob`.
        symbols: uint8 array of shape `(lanes, n)`.

    Returns:
        One byte string for each lane.
    """
    if range_coder_tfc.is_available():
        return range_coder_tfc.encode_symbols(cumulative, table, symbols)
    streams = []
    for lane_table, lane in zip(table, symbols, strict=True):
        encoder = PortableSymbolEncoder()
        lane = lane.astype(np.intp)
        encoder.code(cumulative[lane_table, lane], cumulative[lane_table, lane + 1])
        streams.append(encoder.finish())
    return streams


def decode_jobs(jobs: list[SymbolJob]) -> None:
    """Decodes all lanes of all jobs: replaces their `table`, to save memory, by `symbols`.

    What streams hold behind their last symbols is not examined.
    """
    if range_coder_tfc.is_available():
        for job in jobs:
            job.symbols = range_coder_tfc.decode_symbols(job.cumulative, job.table, job.streams)
            job.table = None
    elif sum(len(job.streams) for job in jobs) < _FEW_LANES:
        _decode_one_by_one(jobs)
    else:
        _decode_in_step(jobs)


def _decode_one_by_one(jobs: list[SymbolJob]) -> None:
    for job in jobs:
        rows = job.cumulative.tolist()
        job.symbols = np.empty_like(job.table)
        for table, stream, lane in zip(job.table, job.streams, job.symbols, strict=True):
            lane[:] = decode_stream(bytes(stream), rows, table.tolist())
        job.table = None


class _Lanes:
    """State of all lanes, and the tables of all jobs joined; longest lanes first."""

    def __init__(self, jobs: list[SymbolJob]) -> None:
        jobs = sorted(jobs, key=lambda job: -job.table.shape[1])
        width = max(job.cumulative.shape[1] for job in jobs)
        joined = [np.pad(j.cumulative, ((0, 0), (0, width - j.cumulative.shape[1]))) for j in jobs]
        self.cumulative = np.concatenate(joined).astype(np.int64)
        self.width = width
        self.symbol_at = np.concatenate([_inverse(job.cumulative) for job in jobs])
        lanes = [len(job.streams) for job in jobs]
        self.lengths = np.repeat([job.table.shape[1] for job in jobs], lanes)
        sizes = np.array([job.table.size for job in jobs])
        first = np.repeat(np.cumsum(sizes) - sizes, lanes)
        within = np.concatenate([np.arange(n) for n in lanes])
        self.position = first + within * self.lengths
        tables = np.array([len(job.cumulative) for job in jobs])
        self.first_table = np.repeat(np.cumsum(tables) - tables, lanes)
        self.table = np.concatenate([job.table.ravel() for job in jobs])
        self.symbols = np.zeros(self.table.size, np.uint8)
        streams = [stream for job in jobs for stream in job.streams]
        ends = np.cumsum([len(stream) + 4 & ~1 for stream in streams])
        padded = np.zeros(ends[-1] + 4, np.uint8)
        for stream, end in zip(streams, ends.tolist(), strict=True):
            begin = end - (len(stream) + 4 & ~1)
            padded[begin : begin + len(stream)] = np.frombuffer(stream, np.uint8)
        self.words = padded.view(">u2")
        self.end = ends // 2
        self.next = np.concatenate([[0], self.end[:-1]]) + 2
        high, low = (self.words[self.next - k].astype(np.int64) for k in (2, 1))
        self.value = high << 16 | low
        self.last = np.full(len(streams), 0xFFFFFFFF)
        self.jobs = jobs


def _inverse(cumulative: np.ndarray) -> np.ndarray:
    """Returns the symbol of every 16-bit frequency, a row for each table."""
    rows = [np.repeat(np.arange(row.size - 1), np.diff(row)) for row in cumulative]
    return np.stack(rows).astype(np.uint8)


def _decode_in_step(jobs: list[SymbolJob]) -> None:
    state = _Lanes(jobs)
    shapes = [job.table.shape for job in state.jobs]
    for job in state.jobs:
        job.table = None
    symbol_at, cumulative = state.symbol_at.ravel(), state.cumulative.ravel()
    counts = np.bincount(state.lengths)
    active = state.lengths.size
    for step in range(int(state.lengths[0])):
        active -= int(counts[step])
        value, last = state.value[:active], state.last[:active]
        where = state.position[:active] + step
        table = state.table[where] + state.first_table[:active]
        size = last + 1
        symbol = symbol_at[(table << PRECISION) + ((value + 1 << PRECISION) - 1) // size]
        state.symbols[where] = symbol
        entry = table * state.width + symbol
        low = size * cumulative[entry] >> PRECISION
        value -= low
        last[:] = (size * cumulative[entry + 1] >> PRECISION) - low - 1
        short = np.flatnonzero(last < ONE)
        last[short] = last[short] << 16 | 0xFFFF
        following = np.minimum(state.next[short], state.end[short] - 1)
        word = np.where(state.next[short] < state.end[short], state.words[following], 0)
        value[short] = value[short] << 16 | word.astype(np.int64)
        state.next[short] += 1
    position = 0
    for job, shape in zip(state.jobs, shapes, strict=True):
        size = shape[0] * shape[1]
        job.symbols = state.symbols[position : position + size].reshape(shape)
        position += size
