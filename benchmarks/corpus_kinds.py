"""Tells of what kind a .tflite file is: what its weights are, and what is unusual about it."""

import io
import zipfile

import tflite

from keras_ec.deploy.weight_buffers import check_identifier

_NAMES = {code: name.lower() for name, code in vars(tflite.TensorType).items() if name.isupper()}


def weight_type(content: bytes) -> str:
    """Returns the name of the element type that takes most bytes of constants.

    Args:
        content: A .tflite file.

    Raises:
        ValueError: If it is none.
    """
    model = _model(content)
    sizes: dict[int, int] = {}
    seen = set()
    for i in range(model.SubgraphsLength()):
        graph = model.Subgraphs(i)
        for j in range(graph.TensorsLength()):
            tensor = graph.Tensors(j)
            number = tensor.Buffer()
            if number in seen or number >= model.BuffersLength():
                continue
            seen.add(number)
            buffer = model.Buffers(number)
            size = buffer.DataLength() or (buffer.Size() if buffer.Offset() > 1 else 0)
            sizes[tensor.Type()] = sizes.get(tensor.Type(), 0) + size
    code = max(sizes, key=lambda key: (sizes[key], -key), default=None)
    if code is None or not sizes[code]:
        return "none"
    return _NAMES.get(code, f"type {code}")


def traits(content: bytes) -> list[str]:
    """Returns what of a list of unusual things a .tflite file has.

    Args:
        content: A .tflite file.

    Raises:
        ValueError: If it is none.
    """
    model = _model(content)
    names = [model.Metadata(i).Name() for i in range(model.MetadataLength())]
    buffers = [model.Buffers(i) for i in range(model.BuffersLength())]
    found = {
        "several subgraphs": model.SubgraphsLength() > 1,
        "several signatures": model.SignatureDefsLength() > 1,
        "metadata": b"TFLITE_METADATA" in names,
        "appended zip": zipfile.is_zipfile(io.BytesIO(content)),
        "weights behind the flatbuffer": any(buffer.Offset() > 1 for buffer in buffers),
    }
    return [name for name, present in found.items() if present]


def _model(content: bytes) -> tflite.Model:
    check_identifier(content)
    return tflite.Model.GetRootAs(content, 0)
