"""Scales of activations in an int8 .tflite file that have few bits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from keras_ec.deploy.kernels import operators, view
from keras_ec.deploy.schema_fields import SCALES
from keras_ec.deploy.weighted_operators import Constant, constant_of, step_of, weighted_operators

STEP_BITS = 8
"""Significant bits of a scale."""

_OPERATORS = (
    "QUANTIZE",
    "DEQUANTIZE",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "ADD",
    "MUL",
    "CONCATENATION",
    "MEAN",
    "AVERAGE_POOL_2D",
    "MAX_POOL_2D",
    "PAD",
    "RESHAPE",
    "RELU",
    "RELU6",
    "LOGISTIC",
    "TANH",
    "SOFTMAX",
)
"""Operators that take any scales, equal ones, or powers of two, so that rounding breaks nothing."""


def with_short_steps(quantized: bytes) -> bytes:
    """Rounds the scales of activations up to few significant bits.

    The scale of a bias is that of the kernel times that of the input, so that it has fewer bits,
    too, and a file of many channels costs less. Scales grow by less than a 128th; biases are
    rounded anew. Those of the network's inputs stay, and with them all that equal one of them:
    pixels in 255ths are on their grid exactly.

    Args:
        quantized: content of a .tflite file with weights and activations in int8.

    Returns:
        Content of the same size; the same content where an operator is none of `_OPERATORS`, or
        one with a kernel has constants that are none of its own.
    """
    import tflite

    data = bytearray(quantized)
    model = tflite.Model.GetRootAs(data, 0)
    known = {getattr(tflite.BuiltinOperator, name) for name in _OPERATORS}
    for _, operator, inputs in operators(model):
        kind = model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode()
        constant = any(model.Buffers(tensor.Buffer()).DataLength() for tensor in inputs)
        if kind not in known or (kind == tflite.BuiltinOperator.CONCATENATION and constant):
            return quantized
    before = weighted_operators(model, data)
    if _biases(model, data) - {_place(o.bias) for o in before if o.bias is not None}:
        return quantized
    for step in _steps(model, data):
        mantissa, exponent = math.frexp(float(step[0]))
        step[0] = math.ldexp(math.ceil(math.ldexp(mantissa, STEP_BITS)), exponent - STEP_BITS)
    for old, new in zip(before, weighted_operators(model, data), strict=True):
        if old.bias is not None:
            old.bias.integers[...] = np.rint(old.bias.integers * (old.steps[0] / new.steps[0]))
            old.bias.scales[...] = new.steps[0] * old.kernel.scales.astype(np.float64)
    return bytes(data)


def _tensors(model: Any) -> list[Any]:
    """All tensors."""
    graphs = [model.Subgraphs(i) for i in range(model.SubgraphsLength())]
    return [graph.Tensors(i) for graph in graphs for i in range(graph.TensorsLength())]


def _biases(model: Any, data: bytearray) -> set[int]:
    """Places of all quantized constants in int32."""
    constants = [constant_of(model, tensor, data) for tensor in _tensors(model)]
    return {_place(c) for c in constants if c is not None and c.integers.dtype == np.int32}


def _place(constant: Constant) -> int:
    """Where in memory a constant's integers are."""
    return constant.integers.ctypes.data


def _steps(model: Any, data: bytearray) -> list[np.ndarray]:
    """Views of the scales of all activations in int8 but inputs of the network.

    Those that are equal to an input's stay as well: some operators want both the same.
    """
    import tflite

    kept = {
        step_of(graph.Tensors(operator.Outputs(0)))
        for graph, operator, inputs in operators(model)
        if inputs and inputs[0].Type() == tflite.TensorType.FLOAT32
    }
    return [
        view(tensor.Quantization(), SCALES, data, np.float32, 1)
        for tensor in _tensors(model)
        if tensor.Type() == tflite.TensorType.INT8
        and not model.Buffers(tensor.Buffer()).DataLength()
        and step_of(tensor) not in {None, *kept}
    ]
