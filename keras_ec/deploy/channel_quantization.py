"""Scales and zero points of tensors that are quantized by channel, which structure holds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keras_ec.coding.container import Region
from keras_ec.coding.representation import (
    NO_AXIS,
    Representation,
    as_alphabet,
    as_integers,
    as_product,
)
from keras_ec.deploy.representation_choice import estimated_bits
from keras_ec.deploy.schema_fields import SCALES, ZERO_POINTS
from keras_ec.deploy.weight_buffers import readable_structure

_FEW, _MANY = 8, 1 << 13
"""Vectors of fewer and of more elements are left to structure."""
_WORTH_IT = 20
"""Bits a scale that structure does as well with: those of any mantissa."""


def scale_regions(flatbuffer: bytes) -> list[Region]:
    """Represents the scales of all channels of a model's quantized tensors.

    Scales of any mantissas are left to structure, which codes them as well.

    Args:
        flatbuffer: content of a .tflite file.

    Returns:
        Regions, ascending and disjoint.

    Raises:
        ValueError: if the flatbuffer's structure cannot be read.
    """
    return _regions(flatbuffer, SCALES, np.dtype("<u4"), _scales)


def zero_point_regions(flatbuffer: bytes) -> list[Region]:
    """Represents the zero points, where they are zero, as `scale_regions` does scales."""
    return _regions(flatbuffer, ZERO_POINTS, np.dtype("<u8"), _zeros)


def _regions(
    flatbuffer: bytes,
    field: int,
    dtype: np.dtype,
    represent: Callable[[np.ndarray], Representation | None],
) -> list[Region]:
    regions, end = [], 0
    for offset, count in sorted(_vectors(flatbuffer, field).items()):
        size = count * dtype.itemsize
        if offset < end or offset + size > len(flatbuffer):
            continue
        end = offset + size
        found = represent(np.frombuffer(flatbuffer, dtype, count, offset))
        if found is not None:
            regions.append(Region(offset, found))
    return regions


def _scales(bits: np.ndarray) -> Representation | None:
    candidates = [as_product(bits.reshape(-1, 1), 1), as_product(bits, NO_AXIS), as_alphabet(bits)]
    found = min((c for c in candidates if c is not None), key=estimated_bits, default=None)
    return found if found and estimated_bits(found) < _WORTH_IT * bits.size else None


def _zeros(points: np.ndarray) -> Representation | None:
    return None if points.any() else as_integers(points.view(np.uint8))


def _vectors(flatbuffer: bytes, field: int) -> dict[int, int]:
    """Numbers of elements of the vectors in a field, by position."""
    import tflite

    found = {}
    with readable_structure():
        model = tflite.Model.GetRootAs(flatbuffer, 0)
        for graph in (model.Subgraphs(i) for i in range(model.SubgraphsLength())):
            for number in range(graph.TensorsLength()):
                quantization = graph.Tensors(number).Quantization()
                if quantization is not None:
                    table = quantization._tab
                    place = table.Offset(field)
                    if place and _FEW <= table.VectorLen(place) <= _MANY:
                        found[table.Vector(place)] = table.VectorLen(place)
    return found
