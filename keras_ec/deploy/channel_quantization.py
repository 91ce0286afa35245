"""Scales and zero points of tensors that are quantized by channel, which structure holds."""

from __future__ import annotations

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
from keras_ec.deploy.weight_buffers import readable_structure

_FEW, _MANY = 8, 1 << 13
"""Vectors of fewer and of more elements are left to structure."""
_SCALES, _ZERO_POINTS = 8, 10
"""Fields of the schema's `QuantizationParameters`."""


def quantization_regions(flatbuffer: bytes) -> list[Region]:
    """Represents the scales and zero points of all channels of a model's quantized tensors.

    Zero points that are not zero are left to structure.

    Args:
        flatbuffer: content of a .tflite file.

    Returns:
        Regions, ascending and disjoint.

    Raises:
        ValueError: if the flatbuffer's structure cannot be read.
    """
    regions, end = [], 0
    for offset, (field, count) in sorted(_vectors(flatbuffer).items()):
        size = count * (4 if field == _SCALES else 8)
        if offset < end or offset + size > len(flatbuffer):
            continue
        end = offset + size
        data = np.frombuffer(flatbuffer, np.uint8, size, offset)
        found = _scales(data.view("<u4")) if field == _SCALES else _zeros(data)
        if found is not None:
            regions.append(Region(offset, found))
    return regions


def _scales(bits: np.ndarray) -> Representation | None:
    candidates = [as_product(bits.reshape(-1, 1), 1), as_product(bits, NO_AXIS), as_alphabet(bits)]
    return min((c for c in candidates if c is not None), key=estimated_bits, default=None)


def _zeros(data: np.ndarray) -> Representation | None:
    return None if data.any() else as_integers(data)


def _vectors(flatbuffer: bytes) -> dict[int, tuple[int, int]]:
    """Fields and numbers of elements of the vectors, by position."""
    import tflite

    found = {}
    with readable_structure():
        model = tflite.Model.GetRootAs(flatbuffer, 0)
        for graph in (model.Subgraphs(i) for i in range(model.SubgraphsLength())):
            for number in range(graph.TensorsLength()):
                quantization = graph.Tensors(number).Quantization()
                if quantization is None:
                    continue
                table = quantization._tab
                for field in (_SCALES, _ZERO_POINTS):
                    place = table.Offset(field)
                    if place and _FEW <= table.VectorLen(place) <= _MANY:
                        found[table.Vector(place)] = field, table.VectorLen(place)
    return found
