"""Integer tensors of any rank: layout as a matrix, related tensors, then the matrix model."""

import math
from typing import NamedTuple

import numpy as np

from keras_ec.coding.adaptive_bits import (
    AdaptiveUint,
    code_bounded,
    code_raw_bits,
    code_raw_vector,
    code_signed,
)
from keras_ec.coding.cost_coder import CostCoder
from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.integer_matrix import (
    LINK_CLASSES,
    MAX_MAGNITUDE,
    Neighbours,
    code_matrix,
    link_classes,
)
from keras_ec.coding.matrix_layout import MAX_WIDTH, Layout, choose_layout
from keras_ec.coding.range_coder import BitCoder
from keras_ec.coding.static_tensor import MIN_ELEMENTS, SideStreams, code_static, fits

_MAX_PROFILES = 32
_MIN_PROFILE = 4
_MAX_PROFILE = 1 << 16
_LINK_GAIN = 12.0
"""Bits that a related tensor must promise to save."""

_FLAT_LIMIT = 1 << 12
_DENSE = 0.6
"""Share of non-zeros from which learning saves little."""


class StaticFrom(NamedTuple):
    """Numbers of elements from which an encoder uses fixed tables, which are faster."""

    sparse: int
    dense: int


def static_from(elements: int) -> StaticFrom:
    """Returns when to use fixed tables, given the number of elements of all tensors."""
    large, small = 1 << 19, MIN_ELEMENTS
    return StaticFrom(
        sparse=large if elements < 1 << 22 else small, dense=large if elements < large else small
    )


class History:
    """What later tensors may learn from earlier ones: how full units are.

    Both sides keep the same history: of every tensor coded, the classes of the numbers of
    non-zeros along its first and last axis.

    Args:
        streams: Where the symbols of large tensors go, or come from.
        static: When the encoder uses fixed tables.

    Attributes:
        profiles: int64 arrays of classes, the latest last.
    """

    def __init__(self, streams: SideStreams, static: StaticFrom | None = None) -> None:
        self.profiles: list[np.ndarray] = []
        self.streams = streams
        self.static = static or static_from(0)

    def add(self, values: np.ndarray) -> None:
        """Remembers a tensor that has been coded."""
        for axis in sorted({0, values.ndim - 1}):
            if _MIN_PROFILE <= values.shape[axis] <= _MAX_PROFILE:
                others = tuple(i for i in range(values.ndim) if i != axis)
                self.profiles.append(link_classes(np.count_nonzero(values, axis=others)))
        del self.profiles[:-_MAX_PROFILES]

    def links(self, shape: tuple[int, int]) -> list[tuple[int, bool]]:
        """Returns the profiles that fit a matrix: index, and whether it is that of the rows."""
        rows, columns = shape
        result = []
        for index in reversed(range(len(self.profiles))):
            size = self.profiles[index].size
            if rows > 1 and rows % size == 0:
                result.append((index, True))
            if size == columns:
                result.append((index, False))
        return result

    def neighbours(
        self, shape: tuple[int, int], link: tuple[int, bool] | None, lags: tuple, period: int
    ) -> Neighbours:
        """Returns what a matrix is predicted from, given the link chosen."""
        if link is None:
            return Neighbours(lags, period)
        profile = self.profiles[link[0]]
        if link[1]:
            return Neighbours(lags, period, row_links=np.tile(profile, shape[0] // profile.size))
        return Neighbours(lags, period, column_links=profile)


def _prefers_static(values: np.ndarray, static: StaticFrom) -> bool:
    """Returns whether fixed tables suit a tensor."""
    dense = np.count_nonzero(values) > _DENSE * values.size
    return values.size >= (static.dense if dense else static.sparse) and fits(values)


def _shared_bits(classes: np.ndarray, profile: np.ndarray) -> float:
    """Estimates how many bits a profile tells about the classes of rows or columns.

    Their mutual information, less what it costs to learn how one follows from the other.
    """
    classes, profile = classes >> 1, profile >> 1
    pairs = np.bincount(profile * LINK_CLASSES + classes, minlength=LINK_CLASSES**2)
    pairs = pairs.reshape(LINK_CLASSES, LINK_CLASSES)
    alone = pairs.sum(0)
    expected = pairs.sum(1)[:, None] * alone / classes.size
    live = pairs > 0
    learning = 0.5 * np.log2(classes.size + 1) * (live.sum() - (alone > 0).sum())
    return float((pairs[live] * np.log2(pairs[live] / expected[live])).sum() - learning)


def _choose_link(matrix: np.ndarray, history: History) -> int:
    """Returns 1 + the index of the link that promises most, 0 for none."""
    live = matrix != 0
    rows, columns = link_classes(live.sum(1)), link_classes(live.sum(0))
    best, best_bits = 0, _LINK_GAIN
    for number, (index, by_row) in enumerate(history.links(matrix.shape)):
        profile = history.profiles[index]
        if by_row:
            bits = _shared_bits(rows, np.tile(profile, rows.size // profile.size))
        else:
            bits = _shared_bits(columns, profile)
        if bits > best_bits:
            best, best_bits = number + 1, bits
    return best


def squeeze_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Returns `shape` without its axes of length 1; `(1,)` where nothing is left."""
    return tuple(n for n in shape if n > 1) or (1,)


def _code_flat(coder: BitCoder, size: int, values: np.ndarray | None) -> np.ndarray:
    """Codes a vector as its smallest integer and differences of equal width."""
    low = code_signed(coder, MAX_MAGNITUDE, None if values is None else int(values.min()))
    rest = None if values is None else values.astype(np.int64) - low
    width = None if rest is None else int(rest.max()).bit_length()
    width = code_bounded(coder, AdaptiveUint(6), 32, width)
    result = code_raw_vector(coder, size, width, rest) + low
    if result.max() > MAX_MAGNITUDE:
        raise CorruptFileError(f"Expected integers of magnitude at most {MAX_MAGNITUDE}.")
    return result.astype(np.int32)


def _prefers_flat(values: np.ndarray) -> bool:
    """Returns whether a vector is too short to learn from."""
    if values.size > _FLAT_LIMIT or np.abs(values.astype(np.int64)).max() > MAX_MAGNITUDE:
        return False
    flat, matrix = CostCoder(), CostCoder()
    _code_flat(flat, values.size, values)
    code_matrix(matrix, (1, values.size), values[None])
    return flat.bits < matrix.bits


def _code_layout(coder: BitCoder, rank: int, layout: Layout | None) -> Layout:
    known = layout is not None
    model = AdaptiveUint(4)
    axis = code_bounded(coder, model, rank - 1, layout.column_axis if known else None)
    rotation = 0
    if rank > 2:
        rotation = code_bounded(coder, model, rank - 2, layout.rotation if known else None)
    width = 0
    if rank == 2 and code_raw_bits(coder, 1, int(layout.width > 0) if known else None):
        width = code_raw_bits(coder, 6, layout.width - 1 if known else None) + 1
        if not 3 <= width <= MAX_WIDTH:
            raise CorruptFileError(f"Expected a width in [3, {MAX_WIDTH}], found {width}.")
    return Layout(axis, rotation, width)


def code_integers(
    coder: BitCoder,
    shape: tuple[int, ...],
    values: np.ndarray | None = None,
    history: History | None = None,
) -> np.ndarray:
    """Codes an integer tensor whose shape both sides know.

    Args:
        coder: Encoder, decoder or cost counter.
        shape: Shape; no axis of length 0.
        values: Integer array of that shape when encoding, `None` when decoding.
        history: Earlier tensors that this one may be related to; the tensor is added to it.

    Returns:
        Integer array of shape `shape`. When decoding, `history.streams.finish()` may yet have to
        fill it.

    Raises:
        ValueError: If a magnitude exceeds `integer_matrix.MAX_MAGNITUDE`.
        CorruptFileError: If the stream holds impossible values.
    """
    squeezed = squeeze_shape(shape)
    rank = len(squeezed)
    inner = None if values is None else np.asarray(values).reshape(squeezed)
    if history is not None and math.prod(shape) >= MIN_ELEMENTS:
        static = None if inner is None else _prefers_static(inner, history.static)
        if code_raw_bits(coder, 1, None if static is None else int(static)):
            return code_static(coder, squeezed, history.streams, inner).reshape(shape)
    if rank == 1:
        flat = None if inner is None else int(_prefers_flat(inner))
        if code_raw_bits(coder, 1, flat):
            coded = _code_flat(coder, squeezed[0], inner)
            if history is not None:
                history.add(coded)
            return coded.reshape(shape)
    layout = Layout(rank - 1)
    if rank > 1:
        layout = _code_layout(coder, rank, None if inner is None else choose_layout(inner))
    matrix_shape = layout.matrix_shape(squeezed)
    matrix = None if inner is None else layout.to_matrix(inner)
    link = None
    if history is not None:
        links = history.links(matrix_shape)
        if links:
            chosen = None if matrix is None else _choose_link(matrix, history)
            chosen = code_bounded(coder, AdaptiveUint(7), len(links), chosen)
            link = links[chosen - 1] if chosen else None
    lags, period = layout.lags(squeezed), layout.period(squeezed)
    if history is None:
        neighbours = Neighbours(lags, period)
    else:
        neighbours = history.neighbours(matrix_shape, link, lags, period)
    coded = layout.from_matrix(code_matrix(coder, matrix_shape, matrix, neighbours), squeezed)
    if history is not None:
        history.add(coded)
    return coded.reshape(shape)
