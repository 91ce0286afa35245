"""Post-training quantization, and a general-purpose compressor.

fp16 and int8 are TFLite's (int8: weights alone, a scale for each channel), int4 is that of
AI Edge Quantizer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from datasets import Data
from environment import python_of, run_process
from shipped import Shipped, ship_tflite

from keras_ec.deploy.export import deployable


def compress(
    base: keras.Model, data: Data, settings: dict[str, Any], seed: int, folder: Path
) -> Shipped:
    """Quantizes a network; see `methods`."""
    return ship_tflite(
        quantized(base, settings["precision"], folder), settings["compressor"], folder
    )


def quantized(model: keras.Model, precision: str, folder: Path) -> bytes:
    """A .tflite file as the converter makes it, quantized."""
    converter = tf.lite.TFLiteConverter.from_keras_model(deployable(model))
    if precision in ("fp16", "int8"):
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "fp16":
        converter.target_spec.supported_types = [tf.float16]
    content = converter.convert()
    if precision != "int4":
        return content
    (folder / "float.tflite").write_bytes(content)
    run_process(python_of("quantizer"), "int4_quantizer", folder)
    return (folder / "int4.tflite").read_bytes()
