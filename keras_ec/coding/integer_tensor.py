"""Integer tensors of any rank: orientation as a matrix, then the matrix model."""

import math

import numpy as np

from keras_ec.coding.adaptive_bits import AdaptiveUint, code_bounded
from keras_ec.coding.cost_coder import CostCoder
from keras_ec.coding.integer_matrix import code_matrix
from keras_ec.coding.range_coder import BitCoder

SEARCH_LIMIT = 1 << 19
"""Elements up to which the encoder tries every orientation."""


def _to_matrix(values: np.ndarray, orientation: int) -> np.ndarray:
    """Returns the matrix of an orientation: `2 * axis` for axis by the rest, `+ 1` transposed."""
    axis, transposed = divmod(orientation, 2)
    matrix = np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1)
    return matrix.T if transposed else matrix


def _from_matrix(matrix: np.ndarray, shape: tuple[int, ...], orientation: int) -> np.ndarray:
    axis, transposed = divmod(orientation, 2)
    if transposed:
        matrix = matrix.T
    rest = shape[:axis] + shape[axis + 1 :]
    return np.moveaxis(matrix.reshape((shape[axis], *rest)), 0, axis)


def _matrix_shape(shape: tuple[int, ...], orientation: int) -> tuple[int, int]:
    axis, transposed = divmod(orientation, 2)
    rest = math.prod(shape) // shape[axis]
    return (rest, shape[axis]) if transposed else (shape[axis], rest)


def squeeze_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Returns `shape` without its axes of length 1; `(1,)` where nothing is left."""
    return tuple(n for n in shape if n > 1) or (1,)


def choose_orientation(values: np.ndarray) -> int:
    """Returns the orientation that costs least; the first axis for large tensors."""
    if values.ndim == 1:
        return 1
    if values.size > SEARCH_LIMIT:
        return 0
    # Axis 1 of a matrix gives what axis 0 transposed gives.
    candidates = range(2 if values.ndim == 2 else 2 * values.ndim)
    costs = []
    for orientation in candidates:
        matrix = np.ascontiguousarray(_to_matrix(values, orientation))
        coder = CostCoder()
        code_matrix(coder, matrix.shape, matrix)
        costs.append(coder.bits)
    return int(np.argmin(costs))


def code_integers(
    coder: BitCoder, shape: tuple[int, ...], values: np.ndarray | None = None
) -> np.ndarray:
    """Codes an integer tensor whose shape both sides know.

    Args:
        coder: Encoder, decoder or cost counter.
        shape: Shape; no axis of length 0.
        values: Integer array of that shape when encoding, `None` when decoding.

    Returns:
        int32 array of shape `shape`.

    Raises:
        ValueError: If a magnitude exceeds `integer_matrix.MAX_MAGNITUDE`.
        CorruptFileError: If the stream holds impossible values.
    """
    squeezed = squeeze_shape(shape)
    inner = None if values is None else np.asarray(values).reshape(squeezed)
    orientation = 1
    if len(squeezed) > 1:
        wanted = None if inner is None else choose_orientation(inner)
        limit = 2 * len(squeezed) - 1
        orientation = code_bounded(coder, AdaptiveUint(8), limit, wanted)
    matrix = None if inner is None else np.ascontiguousarray(_to_matrix(inner, orientation))
    coded = code_matrix(coder, _matrix_shape(squeezed, orientation), matrix)
    return np.ascontiguousarray(_from_matrix(coded, squeezed, orientation)).reshape(shape)
