"""Running .tflite files in LiteRT, for the examples."""

from __future__ import annotations

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def predict(tflite: bytes, x: np.ndarray, batch: int = 1000) -> np.ndarray:
    """Runs a network of one input and one output over many examples.

    Args:
        tflite: content of a .tflite file.
        x: inputs, shape (examples, ...).
        batch: examples at a time.

    Returns:
        Outputs, shape (examples, ...).

    Raises:
        ValueError: if `x` holds no example.
    """
    if len(x) == 0:
        raise ValueError("Expected at least one example. Received: none")
    interpreter = Interpreter(model_content=tflite)
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    outputs = []
    for start in range(0, len(x), batch):
        part = np.asarray(x[start : start + batch], source["dtype"])
        interpreter.resize_tensor_input(source["index"], part.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(source["index"], part)
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(target["index"]))
    return np.concatenate(outputs)


def accuracy(tflite: bytes, x: np.ndarray, y: np.ndarray) -> float:
    """Fraction of examples of which the largest output is that of their label.

    Args:
        tflite: content of a .tflite file, a classifier.
        x: inputs, shape (examples, ...).
        y: whole-numbered labels, shape (examples,).

    Returns:
        Accuracy, 0 to 1.
    """
    return float(np.mean(np.argmax(predict(tflite, x), axis=-1) == y))
