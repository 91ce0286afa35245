"""Names of tensors in a .tflite file."""

from __future__ import annotations

import struct

from keras_ec.deploy.schema_fields import TENSOR_NAME


def without_inner_names(flatbuffer: bytes) -> bytes:
    """Blanks the names of all tensors but the inputs and outputs of subgraphs.

    The converter derives them from Keras names; no runtime needs them. Lengths
    and characters are zeroed in place, so nothing moves and alignment stays.

    Args:
        flatbuffer: content of a .tflite file as the converter writes it.

    Returns:
        Content of the same size.
    """
    import tflite

    data = bytearray(flatbuffer)
    model = tflite.Model.GetRootAs(data, 0)
    kept, inner = set(), set()
    for index in range(model.SubgraphsLength()):
        graph = model.Subgraphs(index)
        interface = {*graph.InputsAsNumpy().tolist(), *graph.OutputsAsNumpy().tolist()}
        for number in range(graph.TensorsLength()):
            position = _name_position(graph.Tensors(number))
            (kept if number in interface else inner).add(position)
    for position in inner - kept - {None}:
        (length,) = struct.unpack_from("<I", data, position)
        data[position : position + 4 + length] = bytes(4 + length)
    return bytes(data)


def _name_position(tensor: object) -> int | None:
    """Where the name of a tensor begins with its length, or None without a name."""
    table = tensor._tab
    field = table.Offset(TENSOR_NAME)
    return table.Indirect(table.Pos + field) if field else None
