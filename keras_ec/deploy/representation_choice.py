"""Chooses how a weight buffer is coded, by measuring what each representation would cost."""

import zlib

import numpy as np

from keras_ec.coding.cost_coder import CostCoder
from keras_ec.coding.large_arrays import count
from keras_ec.coding.representation import (
    MAX_RANK,
    Representation,
    RepresentationCoder,
    as_alphabet,
    as_integers,
    as_product,
    as_tables,
    product_of_alphabet,
)
from keras_ec.deploy.weight_buffers import WeightBuffer

_SAMPLE = 1 << 14
_GAIN = 0.95
"""What the integers are assumed to cost, as a share of their order-0 entropy."""

_ENTROPY_SAMPLE = 1 << 18
"""About how many integers of a large tensor are counted to estimate their entropy."""

_FEW_LEVELS = 16
"""Tensors of at most so many levels are not searched for scales of their channels."""
_MOST_LEVELS = 256
"""Nor those with a channel of more."""


def choose_representation(flatbuffer: bytes, buffer: WeightBuffer) -> Representation | None:
    """Returns the cheapest representation of a weight buffer.

    Args:
        flatbuffer: Content of a .tflite file.
        buffer: The buffer's place in it.

    Returns:
        The representation, or `None` where general-purpose compression does as well.
    """
    size = buffer.size // buffer.itemsize
    bits = np.frombuffer(flatbuffer, f"<u{buffer.itemsize}", size, buffer.offset)
    shape = tuple(n for n in buffer.shape if n > 1) or (1,)
    bits = bits.reshape(shape if len(shape) <= MAX_RANK else (size,))
    best, best_bits = None, 8.0 * _general_size(bits)
    for candidate in _candidates(bits, buffer.dtype):
        cost = estimated_bits(candidate)
        if cost < best_bits:
            best, best_bits = candidate, cost
    return best


def estimated_bits(candidate: Representation) -> float:
    """Estimates the bits of a representation: its tables, and integers of order-0 entropy."""
    coder = CostCoder()
    RepresentationCoder(coder).code_header(1 << 62, candidate)
    return coder.bits + _GAIN * _order0_bits(candidate.integers)


def _order0_bits(integers: np.ndarray) -> float:
    sample = integers.reshape(-1)[:: max(1, integers.size // _ENTROPY_SAMPLE) | 1]
    low, high = int(sample.min()), int(sample.max())
    if high - low < 1 << 16:
        counts = count(sample, low, high - low + 1)
        counts = counts[counts > 0]
    else:
        counts = np.unique(sample, return_counts=True)[1]
    bits = float(-(counts * np.log2(counts / sample.size)).sum())
    return bits * (integers.size / sample.size)


def _general_size(bits: np.ndarray) -> float:
    """Estimates the bytes that general-purpose compression of the buffer would take."""
    data = bits.reshape(-1).view(np.uint8).data
    if len(data) <= 2 * _SAMPLE:
        return len(zlib.compress(data, 9)) - 6
    start = (len(data) // 2) & ~3
    sample = bytes(data[:_SAMPLE]) + bytes(data[start : start + _SAMPLE])
    return (len(zlib.compress(sample, 2)) - 6) * (len(data) / len(sample))


def _candidates(bits: np.ndarray, dtype: str) -> list[Representation]:
    """Returns the representations that fit; one by one what the cheaper ones did not catch."""
    if dtype in ("INT8", "UINT8", "INT4", "INT16", "UINT16"):
        return [item for item in (as_integers(bits), as_alphabet(bits)) if item is not None]
    if dtype == "INT32":
        small = np.abs(bits.view(np.int32).astype(np.int64)).max() < 1 << 31
        return [as_integers(bits)] if small else []
    found = [as_alphabet(bits)]
    if dtype == "FLOAT32":
        alphabet = found[0]
        whole = alphabet and product_of_alphabet(alphabet.alphabet, alphabet.integers)
        levels = alphabet.alphabet.patterns.size if whole else 0
        # An alphabet of multiples holds their scale as well: it costs more than the scale alone.
        found = [whole] if levels > 2 else [alphabet, whole]
        if not 0 < levels <= _FEW_LEVELS and bits.ndim > 1:
            for axis, repeated in _channel_axes(bits):
                product = as_product(bits, axis)
                found.append(product or (as_tables(bits, axis) if repeated else None))
    return [item for item in found if item is not None]


def _channel_axes(bits: np.ndarray) -> list[tuple[int, bool]]:
    """Returns the axes, counted from 1, along which channels hold few values, at most two.

    Beside each is whether values repeat so often that a table for each channel may pay. Axes of
    which it says so come first, then those of fewer values. Where values hardly repeat, as in
    channels of few weights, they may still be multiples of one scale.
    """
    counts = []
    for axis in range(bits.ndim):
        rows = np.moveaxis(bits, axis, 0).reshape(bits.shape[axis], -1)
        distinct = 0
        for row in rows:
            distinct = max(distinct, np.unique(row).size)
            if distinct > _MOST_LEVELS:
                break
        if distinct <= _MOST_LEVELS:
            repeated = distinct <= max(_FEW_LEVELS, rows.shape[1] // 2)
            counts.append((not repeated, distinct, axis + 1, repeated))
    return [(axis, repeated) for *_, axis, repeated in sorted(counts)][:2]
