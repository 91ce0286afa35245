"""Finds the weight buffers of a .tflite flatbuffer."""

import contextlib
import dataclasses
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_ec.deploy.schema_fields import BUFFER_DATA

_ITEM_SIZES = {
    "FLOAT32": 4,
    "FLOAT16": 2,
    "BFLOAT16": 2,
    "INT32": 4,
    "UINT32": 4,
    "INT16": 2,
    "UINT16": 2,
    "INT8": 1,
    "UINT8": 1,
    "INT4": 1,
}
MIN_BYTES = 8
"""Smaller buffers are left to the residual."""


@dataclasses.dataclass(frozen=True)
class WeightBuffer:
    """A constant tensor's bytes in a .tflite file.

    Attributes:
        offset: Position of the first byte in the file.
        size: Length in bytes.
        dtype: Name of the element type as in the schema's `TensorType`.
        itemsize: Bytes of an element; 1 for the packed `INT4`, whose bytes hold two.
        shape: The tensor's shape, or `(size / itemsize,)` where it does not fit the bytes.
    """

    offset: int
    size: int
    dtype: str
    itemsize: int
    shape: tuple[int, ...]


def check_identifier(flatbuffer: bytes) -> None:
    """Checks that bytes are a TensorFlow Lite flatbuffer.

    Raises:
        ValueError: If they are not.
    """
    if len(flatbuffer) < 8 or flatbuffer[4:8] != b"TFL3":
        raise ValueError(
            "Expected a TensorFlow Lite flatbuffer, with the identifier b'TFL3' at byte 4. "
            f"Received: {len(flatbuffer)} bytes that begin with {flatbuffer[:8]!r}."
        )


@contextlib.contextmanager
def readable_structure() -> Iterator[None]:
    """Reading within goes through a flatbuffer that may be damaged.

    Raises:
        ValueError: If its structure cannot be read.
    """
    try:
        yield
    except (struct.error, IndexError, TypeError, OverflowError, AssertionError) as error:
        raise ValueError(f"The flatbuffer's structure cannot be read: {error}") from error


def find_weight_buffers(flatbuffer: bytes) -> list[WeightBuffer]:
    """Returns the weight buffers of a model, ascending and disjoint.

    Buffers that are small, of an unknown element type, or that lie outside the file are left
    out, and so are those overlapping an earlier one. Of tensors that share a buffer the first
    one counts.

    Args:
        flatbuffer: Content of a .tflite file.

    Raises:
        ValueError: If the flatbuffer's structure cannot be read.
    """
    import tflite

    with readable_structure():
        found = _all_buffers(tflite.Model.GetRootAs(flatbuffer, 0), flatbuffer, tflite)
    result: list[WeightBuffer] = []
    position = 0
    for buffer in sorted(found, key=lambda item: (item.offset, -item.size)):
        if buffer.offset >= position:
            result.append(buffer)
            position = buffer.offset + buffer.size
    return result


def _all_buffers(model: Any, flatbuffer: bytes, tflite: Any) -> list[WeightBuffer]:
    names = {code: name for name, code in vars(tflite.TensorType).items() if name in _ITEM_SIZES}
    found: dict[int, WeightBuffer] = {}
    for i in range(model.SubgraphsLength()):
        graph = model.Subgraphs(i)
        for j in range(graph.TensorsLength()):
            tensor = graph.Tensors(j)
            number, dtype = tensor.Buffer(), names.get(tensor.Type())
            if number in found or dtype is None or number >= model.BuffersLength():
                continue
            extent = _extent(model.Buffers(number), len(flatbuffer))
            if extent is None:
                continue
            shape = tuple(int(tensor.Shape(k)) for k in range(tensor.ShapeLength()))
            buffer = _buffer(*extent, dtype, shape)
            if buffer is not None:
                found[number] = buffer
    return list(found.values())


def _extent(buffer: Any, file_size: int) -> tuple[int, int] | None:
    """Returns offset and size in bytes of a buffer's data, within the flatbuffer or behind it."""
    if buffer.DataLength():
        field = buffer._tab.Offset(BUFFER_DATA)
        offset, size = buffer._tab.Vector(field), buffer.DataLength()
    else:
        offset, size = buffer.Offset(), buffer.Size()
        if offset <= 1:
            return None
    return (offset, size) if size > 0 and 8 <= offset <= file_size - size else None


def _buffer(offset: int, size: int, dtype: str, shape: tuple[int, ...]) -> WeightBuffer | None:
    itemsize = _ITEM_SIZES[dtype]
    if size < MIN_BYTES or size % itemsize:
        return None
    if min(shape, default=0) < 1 or int(np.prod(shape, dtype=object)) * itemsize != size:
        shape = (size // itemsize,)
    return WeightBuffer(offset, size, dtype, itemsize, shape)
