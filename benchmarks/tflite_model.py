"""Running and reading .tflite files."""

from __future__ import annotations

import numpy as np
import tflite
from ai_edge_litert.interpreter import Interpreter

from keras_ec.deploy.weight_buffers import find_weight_buffers

BATCH = 1000


def predict(content: bytes, x: np.ndarray) -> np.ndarray:
    """Runs a network of one float32 input and one output.

    Args:
        content: of a .tflite file.
        x: inputs, shape (examples, ...), float32.

    Returns:
        Outputs, shape (examples, ...).
    """
    interpreter = Interpreter(model_content=content, num_threads=1)
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    outputs = []
    for start in range(0, len(x), BATCH):
        part = x[start : start + BATCH]
        interpreter.resize_tensor_input(source["index"], part.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(source["index"], part)
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(target["index"]))
    return np.concatenate(outputs)


def error(content: bytes, x: np.ndarray, y: np.ndarray) -> float:
    """Share of examples, in percent, whose largest output is not that of their class."""
    return round(100 * float(np.mean(predict(content, x).argmax(-1) != y)), 4)


def constants(content: bytes) -> bytes:
    """Weights, biases and tables of a .tflite file, one behind the other, and no structure.

    Tables are the scales and zero points of quantized constants, 4 and 1 bytes each.

    Args:
        content: of a .tflite file.

    Returns:
        The bytes of all constant tensors, then the tables.
    """
    parts = [content[b.offset : b.offset + b.size] for b in find_weight_buffers(content)]
    model = tflite.Model.GetRootAs(content, 0)
    for i in range(model.SubgraphsLength()):
        graph = model.Subgraphs(i)
        for j in range(graph.TensorsLength()):
            tensor = graph.Tensors(j)
            quantization = tensor.Quantization()
            if model.Buffers(tensor.Buffer()).DataLength() and quantization is not None:
                scales = [quantization.Scale(k) for k in range(quantization.ScaleLength())]
                zeros = [quantization.ZeroPoint(k) for k in range(quantization.ZeroPointLength())]
                parts.append(np.array(scales, "float32").tobytes())
                parts.append(np.array(zeros, "int8").tobytes() if any(zeros) else b"")
    return b"".join(parts)
