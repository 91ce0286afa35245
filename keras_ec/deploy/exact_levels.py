"""Integers of an int8 .tflite file that are multiples of the levels of hardened kernels."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from keras_ec.coding.representation import NO_AXIS, as_product
from keras_ec.deploy.kernels import kernel_operators, operators
from keras_ec.deploy.weighted_operators import Constant, WeightedOperator, weighted_operators

LARGEST = 127
"""Largest magnitude of a weight in int8: kernels are symmetric."""
LARGEST_BIAS = 2**30
"""That of a bias in int32: sums need room for more."""
PRECISION = 2.0**-22
"""Relative error of a number that float32 has rounded, and its scale as well."""
FINENESS = 16
"""A step of a bias is at most so small a part of a step of its operator's output, where it can."""


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
    for operator in weighted_operators(tflite.Model.GetRootAs(data, 0), data):
        for number, (kernel, bias) in enumerate(sources):
            if _stands_for(operator.kernel, kernel, 0.51) and (
                operator.bias is None or _stands_for(operator.bias, bias, 1.02)
            ):
                _set_levels(operator, *sources.pop(number))
                break
    return bytes(data)


def one_scale_is_exact(exact: bytes) -> bool:
    """Whether every dense kernel is an int8 multiple of one scale, and used once.

    The file is smaller then without a scale for each channel, and nothing is rounded for it.

    Args:
        exact: content of the .tflite file of the network in float32.
    """
    import tflite

    model = tflite.Model.GetRootAs(exact, 0)
    users = Counter(tensor.Buffer() for _, _, inputs in operators(model) for tensor in inputs)
    for _, operator, inputs in kernel_operators(model):
        code = model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode()
        kernel, *biases = [_float_values(model, tensor) for tensor in inputs[1:]]
        if code == tflite.BuiltinOperator.FULLY_CONNECTED and kernel is not None:
            product = as_product(kernel.view(np.uint32), NO_AXIS)
            shared = [
                users[tensor.Buffer()] > 1 and (values is None or values.any())
                for tensor, values in zip(inputs[1:], [kernel, *biases], strict=True)
            ]
            if product is None or np.abs(product.integers).max() > LARGEST or any(shared):
                return False
    return True


def _stands_for(constant: Constant, values: np.ndarray, steps: float) -> bool:
    """Whether a constant is what rounding makes of float32 values, up to a number of steps.

    Of a channel without weights the converter makes a bias of a billion steps, which float32 does
    not tell from the next ones.
    """
    if values.shape not in (constant.integers.shape, ()):
        return False
    scales = constant.along_channels(constant.scales)
    allowed = steps * scales + PRECISION * np.abs(values)
    return bool((np.abs(constant.integers * scales - values) <= allowed).all())


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
