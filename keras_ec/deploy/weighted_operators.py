"""Operators of an int8 .tflite file with constant kernels, to be read and written."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import numpy as np

from keras_ec.deploy.kernels import kernel_operators, operators, view
from keras_ec.deploy.schema_fields import BUFFER_DATA, SCALES


@dataclasses.dataclass(frozen=True)
class Constant:
    """A quantized tensor; its arrays are views into the flatbuffer.

    Attributes:
        integers: shape of the tensor, int8 or int32.
        scales: float32, one for all or one for each channel.
        axis: of the channels.
    """

    integers: np.ndarray
    scales: np.ndarray
    axis: int

    def along_channels(self, scales: np.ndarray) -> np.ndarray:
        """Scales in float64, to be multiplied with the integers."""
        shape = [1] * self.integers.ndim
        shape[self.axis] = -1
        return scales.astype(np.float64).reshape(shape)


@dataclasses.dataclass(frozen=True)
class WeightedOperator:
    """An operator with a constant kernel.

    Attributes:
        steps: of input and output, what an integer 1 stands for.
        kernel: the kernel, int8.
        bias: the bias, int32; None without one.
    """

    steps: tuple[float, float]
    kernel: Constant
    bias: Constant | None


def weighted_operators(model: Any, data: bytearray) -> list[WeightedOperator]:
    """Operators whose kernel and bias are quantized and theirs alone.

    Args:
        model: the flatbuffer of an int8 network.
        data: its bytes, which the views of the operators write into.
    """
    users = Counter(tensor.Buffer() for _, _, inputs in operators(model) for tensor in inputs)
    found = []
    for graph, operator, inputs in kernel_operators(model):
        steps = step_of(inputs[0]), step_of(graph.Tensors(operator.Outputs(0)))
        constants = [constant_of(model, tensor, data) for tensor in inputs[1:]]
        alone = all(
            constant is not None and (users[tensor.Buffer()] == 1 or not constant.integers.any())
            for tensor, constant in zip(inputs[1:], constants, strict=True)
        )
        if alone and None not in steps and constants[0].integers.dtype == np.int8:
            found.append(WeightedOperator(steps, constants[0], *(constants[1:] or [None])))
    return found


def step_of(tensor: Any) -> float | None:
    """Scale of a tensor that has one for all of its values; None of others."""
    quantization = tensor.Quantization()
    if quantization is None or quantization.ScaleLength() != 1:
        return None
    return float(quantization.Scale(0))


def constant_of(model: Any, tensor: Any, data: bytearray) -> Constant | None:
    """Views of a constant's integers and scales; None of what is no constant in integers."""
    import tflite

    dtypes = {tflite.TensorType.INT8: np.int8, tflite.TensorType.INT32: np.int32}
    dtype, buffer = dtypes.get(tensor.Type()), model.Buffers(tensor.Buffer())
    quantization = tensor.Quantization()
    if dtype is None or not buffer.DataLength() or quantization is None:
        return None
    if not quantization.ScaleLength():
        return None
    integers = view(
        buffer, BUFFER_DATA, data, dtype, buffer.DataLength() // np.dtype(dtype).itemsize
    )
    scales = view(quantization, SCALES, data, np.float32, quantization.ScaleLength())
    shape = tuple(tensor.ShapeAsNumpy())
    return Constant(integers.reshape(shape), scales, quantization.QuantizedDimension())
