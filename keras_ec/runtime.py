"""Decoding where a network is used: needs NumPy, and LiteRT to run it; nothing that trains."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from keras_ec.coding.archive_decoder import decode_archive

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter


def decompress(path: str | os.PathLike[str]) -> bytes:
    """Restores the .tflite file from an .ecz file.

    Args:
        path: an .ecz file.

    Returns:
        Content of the .tflite file, byte for byte.

    Raises:
        CorruptFileError: if the file is damaged, truncated or no .ecz file.
        OSError: if the file cannot be read.

    Example:
        >>> tflite = keras_ec.decompress("model.ecz")
    """
    with open(path, "rb") as file:
        return decode_archive(file.read())


def load(path: str | os.PathLike[str], **options: Any) -> Interpreter:
    """Gives an interpreter of the network in an .ecz file, ready to run.

    Nothing is written to disk. `allocate_tensors` has been called; after
    `resize_tensor_input` it has to be called again.

    Args:
        path: an .ecz file.
        **options: passed to `ai_edge_litert.interpreter.Interpreter`, such as
            `num_threads`.

    Returns:
        The interpreter.

    Raises:
        ImportError: if ai_edge_litert is not installed.
        CorruptFileError: if the file is damaged, truncated or no .ecz file.
        OSError: if the file cannot be read.
        ValueError: if LiteRT does not accept the content as a model.

    Example:
        >>> interpreter = keras_ec.runtime.load("model.ecz", num_threads=2)
        >>> (inputs,) = interpreter.get_input_details()
        >>> interpreter.set_tensor(inputs["index"], np.zeros(inputs["shape"], inputs["dtype"]))
        >>> interpreter.invoke()
        >>> (outputs,) = interpreter.get_output_details()
        >>> interpreter.get_tensor(outputs["index"]).shape
        (1, 10)
    """
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "ai_edge_litert":
            raise
        raise ImportError(
            "keras_ec.runtime.load needs ai_edge_litert, which is not installed. "
            'Install it: pip install "keras_ec[litert]"',
            name="ai_edge_litert",
        ) from error
    interpreter = Interpreter(model_content=decompress(path), **options)
    interpreter.allocate_tensors()
    return interpreter
