"""Operators of a .tflite file that multiply by a kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_ec.deploy.schema_fields import BUFFER_DATA


def operators(model: Any) -> Iterator[tuple[Any, Any, list[Any]]]:
    """All operators.

    Args:
        model: root of the flatbuffer.

    Yields:
        Graph, operator, and the tensors that it reads, without those left out.
    """
    for number in range(model.SubgraphsLength()):
        graph = model.Subgraphs(number)
        for i in range(graph.OperatorsLength()):
            operator = graph.Operators(i)
            inputs = [operator.Inputs(j) for j in range(operator.InputsLength())]
            yield graph, operator, [graph.Tensors(n) for n in inputs if n >= 0]


def kernel_operators(model: Any) -> Iterator[tuple[Any, Any, list[Any]]]:
    """Convolutions, depthwise ones and dense layers.

    Args:
        model: root of the flatbuffer.

    Yields:
        Graph, operator, and the tensors that it reads: input, kernel, and the bias if it has one.
    """
    import tflite

    kinds = {
        tflite.BuiltinOperator.CONV_2D,
        tflite.BuiltinOperator.DEPTHWISE_CONV_2D,
        tflite.BuiltinOperator.FULLY_CONNECTED,
    }
    for graph, operator, inputs in operators(model):
        if model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode() in kinds:
            yield graph, operator, inputs


def view(table: Any, field: int, data: bytearray, dtype: type, count: int) -> np.ndarray:
    """The vector in a field of a flatbuffer's table, to read and to write."""
    start = table._tab.Vector(table._tab.Offset(field))
    return np.frombuffer(data, dtype, count, start)


def without_negative_zeros(flatbuffer: bytes) -> bytes:
    """Makes all zeros of float32 kernels positive ones, which LiteRT multiplies by alike.

    A folded scale of zero leaves zeros of both signs in its channel, which no scale and
    whole numbers give.

    Args:
        flatbuffer: content of a .tflite file.

    Returns:
        Content of the same size.
    """
    import tflite

    data = bytearray(flatbuffer)
    model = tflite.Model.GetRootAs(data, 0)
    for _, _, inputs in kernel_operators(model):
        buffer = model.Buffers(inputs[1].Buffer())
        if inputs[1].Type() == tflite.TensorType.FLOAT32 and buffer.DataLength():
            values = view(buffer, BUFFER_DATA, data, np.float32, buffer.DataLength() // 4)
            values += np.float32(0.0)
    return bytes(data)
