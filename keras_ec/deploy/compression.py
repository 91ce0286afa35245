"""What users call to compress: a model or a .tflite file in, an .ecz file out."""

from __future__ import annotations

import os
from typing import Any

from keras_ec.deploy.archive import compress_bytes, compress_file
from keras_ec.deploy.atomic_file import write_atomically
from keras_ec.training_extra import training_extra


def compress(source: Any, path: str | os.PathLike, calibration: Any = None) -> int:
    """Compresses a .tflite file, or a Keras model, losslessly into an .ecz file.

    Args:
        source: path of a .tflite file, made by whatever tool, or a built Keras
            model with EC layers, which is exported first. Only models need
            TensorFlow and Keras.
        path: target file; replaced if it exists.
        calibration: of models alone, examples for a network in int8, see
            `keras_ec.export_tflite`.

    Returns:
        Size of the written file in bytes.

    Raises:
        ValueError: if the source is no TensorFlow Lite flatbuffer, or the model
            cannot be exported, or there are examples but no model. No file is written then.
        OSError: if a file cannot be read or written.
        ImportError: if the source is no path, and TensorFlow or Keras is not installed.

    Example:
        >>> keras_ec.export_tflite(model, "model.tflite")
        >>> size = keras_ec.compress("model.tflite", "model.ecz")
        >>> keras_ec.decompress("model.ecz") == open("model.tflite", "rb").read()
        True
    """
    if isinstance(source, (str, os.PathLike)):
        if calibration is not None:
            raise ValueError(
                "Expected a Keras model to calibrate. Received: examples and the path of a .tflite "
                "file, whose numbers are as they are. Leave the examples out."
            )
        return compress_file(source, path)
    with training_extra("Compressing anything but a .tflite file"):
        from keras_ec.deploy.export import hardened_tflite

    archive = compress_bytes(hardened_tflite(source, calibration))
    write_atomically(path, archive)
    return len(archive)
