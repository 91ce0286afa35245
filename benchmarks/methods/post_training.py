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

from keras_ec.deploy.export import deployable, tflite_bytes


def compress(
    base: keras.Model, data: Data, settings: dict[str, Any], seed: int, folder: Path
) -> Shipped:
    """Quantizes a network; see `methods`."""
    quantize = {"fp32": tflite_bytes, "fp16": _float16, "int8": _int8}
    if settings["precision"] == "int4":
        content = _int4(base, folder)
    else:
        content = quantize[settings["precision"]](base)
    return ship_tflite(content, settings["compressor"], folder)


def _float16(model: keras.Model) -> bytes:
    return _optimized(model, [tf.float16])


def _int8(model: keras.Model) -> bytes:
    return _optimized(model, [])


def _optimized(model: keras.Model, types: list[tf.DType]) -> bytes:
    converter = tf.lite.TFLiteConverter.from_keras_model(deployable(model))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = types
    return converter.convert()


def _int4(model: keras.Model, folder: Path) -> bytes:
    (folder / "float.tflite").write_bytes(tflite_bytes(model))
    run_process(python_of("quantizer"), "int4_quantizer", folder)
    return (folder / "int4.tflite").read_bytes()
