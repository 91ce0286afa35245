"""Integers of an int8 .tflite file that are multiples of the levels of hardened kernels."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from typing import Any

import numpy as np

from keras_ec.coding.representation import NO_AXIS, as_product
from keras_ec.deploy.kernels import kernel_operators, operators, view

LARGEST = 127
"""Largest magnitude of a weight in int8: kernels are symmetric."""
LARGEST_BIAS = 2**30
"""That of a bias in int32: sums need room for more."""
FINENESS = 16
"""A step of a bias is at most so small a part of a step of its operator's output, where it can."""


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


def with_exact_levels(quantized: bytes, exact: bytes) -> bytes:
    """Makes int8 kernels multiples of the levels of the float32 kernels they stand for.

    The converter scales the largest weight of a channel to 127 and rounds the others. Hardened
    kernels are small whole numbers times a scale already. Written so, nothing is rounded, and
    the integers cost as few bits as the levels do. Biases are rounded anew, since their scale
    is that of the kernel times that of the input.

    Args:
        quantized: content of a .tflite file with weights and activations in int8.
        exact: content of the file of the same network in float32.

    Returns:
        Content of the same size as `quantized`. Kernels that are no such multiples, have
        constants that other operators use too, or biases too large for their scales, are as they
        were.
    """
    import tflite

    data = bytearray(quantized)
    sources = _float_constants(tflite.Model.GetRootAs(exact, 0))
    for operator in _weighted_operators(tflite.Model.GetRootAs(data, 0), data):
        for number, (kernel, bias) in enumerate(sources):
            if _stands_for(operator.kernel, kernel) and (
                operator.bias is None or _stands_for(operator.bias, bias)
            ):
                _set_levels(operator, *sources.pop(number))
                break
    return bytes(data)


def _stands_for(constant: Constant, values: np.ndarray) -> bool:
    """Whether a constant is what rounding makes of float32 values."""
    if values.shape not in (constant.integers.shape, ()):
        return False
    scales = constant.along_channels(constant.scales)
    return bool((np.abs(constant.integers * scales - values) <= 0.51 * scales).all())


def _set_levels(operator: WeightedOperator, values: np.ndarray, offsets: np.ndarray) -> None:
    """Writes float32 values as levels and scales into a kernel, offsets rounded into its bias."""
    kernel, bias = operator.kernel, operator.bias
    axis = 1 + kernel.axis if kernel.scales.size > 1 else NO_AXIS
    product = as_product(values.view(np.uint32), axis)
    if product is None or not product.integers.any():
        return
    scales = product.scales.view(np.float32).astype(np.float64)
    levels = product.integers * np.sign(kernel.along_channels(scales)).astype(np.int32)
    others = tuple(i for i in range(levels.ndim) if i != kernel.axis or axis == NO_AXIS)
    live = levels.any(axis=others).reshape(-1)
    scales = np.where(live, np.abs(scales), np.abs(scales[live]).max())

    of_input, of_output = operator.steps
    wanted = math.ceil(math.log2(FINENESS * of_input * scales.max() / of_output))
    possible = int(math.log2(LARGEST / np.abs(levels).max()))
    shift = min(max(wanted, 0), possible)
    scales = np.ldexp(scales, -shift).astype(np.float32)
    if bias is not None:
        steps = (of_input * scales.astype(np.float64)).astype(np.float32)
        multiples = np.rint(offsets / bias.along_channels(steps))
        if np.abs(multiples).max() > LARGEST_BIAS:
            return
        bias.integers[...], bias.scales[...] = multiples, steps
    kernel.integers[...], kernel.scales[...] = levels << shift, scales


def _float_constants(model: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """Kernels and biases of a float32 network's operators in order; 0 for no bias."""
    found = []
    for _, _, inputs in kernel_operators(model):
        arrays = [_float_values(model, tensor) for tensor in inputs[1:]] + [np.float32(0)]
        if all(array is not None for array in arrays):
            found.append((arrays[0], arrays[1]))
    return found


def _float_values(model: Any, tensor: Any) -> np.ndarray | None:
    """A float32 constant; None of what is none."""
    data = model.Buffers(tensor.Buffer()).DataAsNumpy()
    if isinstance(data, int) or not data.size:
        return None
    return data.view(np.float32).reshape(tensor.ShapeAsNumpy())


def _weighted_operators(model: Any, data: bytearray) -> list[WeightedOperator]:
    """Operators whose kernel and bias are quantized and theirs alone.

    Args:
        model: the flatbuffer of an int8 network.
        data: its bytes, which the views of the operators write into.
    """
    users = Counter(tensor.Buffer() for _, _, inputs in operators(model) for tensor in inputs)
    found = []
    for graph, operator, inputs in kernel_operators(model):
        steps = _step(inputs[0]), _step(graph.Tensors(operator.Outputs(0)))
        constants = [_constant(model, tensor, data) for tensor in inputs[1:]]
        alone = all(
            constant is not None and (users[tensor.Buffer()] == 1 or not constant.integers.any())
            for tensor, constant in zip(inputs[1:], constants, strict=True)
        )
        if alone and None not in steps and constants[0].integers.dtype == np.int8:
            found.append(WeightedOperator(steps, constants[0], *(constants[1:] or [None])))
    return found


def _step(tensor: Any) -> float | None:
    """Scale of a tensor that has one for all of its values; None of others."""
    quantization = tensor.Quantization()
    if quantization is None or quantization.ScaleLength() != 1:
        return None
    return float(quantization.Scale(0))


def _constant(model: Any, tensor: Any, data: bytearray) -> Constant | None:
    """Views of a constant's integers and scales; None of what is no constant in integers."""
    import tflite

    dtypes = {tflite.TensorType.INT8: np.int8, tflite.TensorType.INT32: np.int32}
    dtype, buffer = dtypes.get(tensor.Type()), model.Buffers(tensor.Buffer())
    quantization = tensor.Quantization()
    if dtype is None or not buffer.DataLength() or quantization is None:
        return None
    if not quantization.ScaleLength():
        return None
    integers = view(buffer, 4, data, dtype, buffer.DataLength() // np.dtype(dtype).itemsize)
    scales = view(quantization, 8, data, np.float32, quantization.ScaleLength())
    shape = tuple(tensor.ShapeAsNumpy())
    return Constant(integers.reshape(shape), scales, quantization.QuantizedDimension())
