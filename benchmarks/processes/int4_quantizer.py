"""AI Edge Quantizer: 4-bit weights with a scale a channel, arithmetic in float.

Reads `float.tflite`, writes `int4.tflite`.
"""

from __future__ import annotations

from pathlib import Path

from ai_edge_quantizer import quantizer, recipe

quantizer_ = quantizer.Quantizer("float.tflite")
quantizer_.load_quantization_recipe(recipe.weight_only_wi4_afp32())
Path("int4.tflite").write_bytes(quantizer_.quantize().quantized_model)
