"""What to call the constant tensors of a .tflite file."""

from __future__ import annotations

from typing import Any

from keras_ec.deploy.weight_buffers import readable_structure


def tensor_labels(flatbuffer: bytes) -> dict[int, str]:
    """Returns a label for each constant tensor, by the position of its first byte.

    The label is the tensor's name. Tensors without one, as `export_tflite` writes
    them, are called after the first operator that uses them: "CONV_2D 0 input 1"
    is the second input of the model's first operator. The label of the scales of a tensor's
    channels is its own and ", scales", that of their zero points ends in ", zero points".

    Args:
        flatbuffer: content of a .tflite file.

    Raises:
        ValueError: if the flatbuffer's structure cannot be read.
    """
    import tflite

    with readable_structure():
        return _labels(tflite.Model.GetRootAs(flatbuffer, 0), len(flatbuffer), tflite)


def _labels(model: Any, size: int, tflite: Any) -> dict[int, str]:
    kinds = {code: name for name, code in vars(tflite.BuiltinOperator).items() if name[0] != "_"}
    labels: dict[int, str] = {}
    left = size  # a flatbuffer spends bytes on every reference; one that does not is damaged
    operator_number = 0
    for graph in (model.Subgraphs(i) for i in range(model.SubgraphsLength())):
        uses: dict[int, str] = {}
        for number in range(graph.OperatorsLength()):
            operator = graph.Operators(number)
            kind = _kind(model, operator.OpcodeIndex(), kinds)
            left -= operator.InputsLength()
            if left < 0:
                raise ValueError("The flatbuffer's structure cannot be read: vectors overlap.")
            for position in range(operator.InputsLength()):
                label = f"{kind} {operator_number} input {position}"
                uses.setdefault(operator.Inputs(position), label)
            operator_number += 1
        for number in range(graph.TensorsLength()):
            tensor = graph.Tensors(number)
            left -= 1
            if left < 0:
                raise ValueError("The flatbuffer's structure cannot be read: vectors overlap.")
            if tensor.Buffer() < model.BuffersLength():
                name = (tensor.Name() or b"").decode("utf-8", "replace")
                label = name or uses.get(number, f"tensor {number}")
                for what, position in _quantization(tensor.Quantization()).items():
                    labels.setdefault(position, f"{label}, {what}")
                labels.setdefault(_position(model.Buffers(tensor.Buffer())), label)
    return labels


def _kind(model: Any, index: int, kinds: dict[int, str]) -> str:
    """Name of an operator; the larger of two fields of its code holds its number."""
    if index >= model.OperatorCodesLength():
        raise ValueError(f"The flatbuffer's structure cannot be read: no operator code {index}.")
    code = model.OperatorCodes(index)
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    return kinds.get(number, f"operator {number}")


def _quantization(quantization: Any) -> dict[str, int]:
    """Positions of the scales and of the zero points, where channels have their own."""
    if quantization is None or quantization.ScaleLength() < 2:
        return {}
    table, fields = quantization._tab, {"scales": 8, "zero points": 10}
    return {k: table.Vector(table.Offset(f)) for k, f in fields.items() if table.Offset(f)}


def _position(buffer: Any) -> int:
    """Position of a buffer's data, within the flatbuffer or behind it."""
    if buffer.DataLength():
        return buffer._tab.Vector(buffer._tab.Offset(4))
    return buffer.Offset()
