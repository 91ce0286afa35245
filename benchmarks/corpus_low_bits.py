"""Quantizes .tflite files to 4 and 2 bits with the AI Edge Quantizer, for `corpus.py` to compress.

    python benchmarks/corpus_low_bits.py --out FOLDER FILE [FILE ...]

Needs what is in `requirements/quantizer.txt`. The files, float32, are those that `corpus.py` makes.
Operators that the quantizer does not know stay as they are.
"""

import argparse
import os
import sys

from ai_edge_quantizer import quantizer, recipe

RECIPES = {
    "int4": recipe.weight_only_wi4_afp32,
    "int4-blocks": recipe.dynamic_wi4b32_afp32,
    "int2-blocks": recipe.dynamic_wi2b32_afp32,
}


def quantize(path: str, name: str, folder: str) -> str:
    """Writes a model quantized by a recipe; returns its path.

    Args:
        path: A float32 .tflite file.
        name: Key of `RECIPES`.
        folder: Where the result goes.
    """
    stem = os.path.splitext(os.path.basename(path))[0]
    target = os.path.join(folder, f"{stem}-{name}.tflite")
    worker = quantizer.Quantizer(path, RECIPES[name]())
    worker.quantize().export_model(target, overwrite=True)
    return target


def main() -> int:
    """Quantizes all files; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("paths", nargs="+", metavar="FILE")
    parser.add_argument("--out", required=True, help="folder for the models")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    for path in args.paths:
        for name in RECIPES:
            print(quantize(path, name, args.out), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
