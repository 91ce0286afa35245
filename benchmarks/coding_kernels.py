"""Integer kernels of a trained network, as `coding_rate.py` takes them.

    python benchmarks/coding_kernels.py model.ecz --out lenet-5.npz
    python benchmarks/coding_kernels.py baselines/lenet-5.npz --bits 8 --out lenet-5_8_bit.npz

Without `--bits` a `.tflite` or `.ecz` file's kernels become what keras_ec codes: numbers of levels,
zero being 0. With `--bits` float32 kernels are quantized uniformly, one step for each kernel, to
the largest magnitude that so many bits hold; they come from a `.tflite` or `.ecz` file, or
from an `.npz` file of Keras' weights. Kernels are the tensors with two axes or more that are longer
than one. Their first axis is that of the outputs, as in TensorFlow Lite.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from keras_ec.coding.container import measure_regions
from keras_ec.deploy.archive import compress_bytes, decompress_bytes
from keras_ec.deploy.weight_buffers import find_weight_buffers
from keras_ec.tensor_labels import tensor_labels


def is_kernel(shape: tuple[int, ...]) -> bool:
    """Returns whether two or more axes are longer than one."""
    return sum(length > 1 for length in shape) >= 2


def level_numbers(tflite: bytes) -> dict[str, np.ndarray]:
    """Returns the integers that keras_ec codes for each kernel of a .tflite file."""
    labels = tensor_labels(tflite)
    shapes = {buffer.offset: buffer.shape for buffer in find_weight_buffers(tflite)}
    kernels = {}
    for region in measure_regions(compress_bytes(tflite)):
        shape = shapes[region.offset]
        if is_kernel(shape):
            kernels[labels[region.offset]] = region.representation.integers.reshape(shape)
    return kernels


def float_kernels(tflite: bytes) -> dict[str, np.ndarray]:
    """Returns the float32 kernels of a .tflite file."""
    labels = tensor_labels(tflite)
    return {
        labels[buffer.offset]: np.frombuffer(
            tflite, np.float32, buffer.size // 4, buffer.offset
        ).reshape(buffer.shape)
        for buffer in find_weight_buffers(tflite)
        if buffer.dtype == "FLOAT32" and is_kernel(buffer.shape)
    }


def keras_kernels(path: Path) -> dict[str, np.ndarray]:
    """Returns the kernels of a file of Keras' weights, the axis of the outputs moved to the front.

    That is the last axis, but for depthwise convolutions, which have none.
    """
    with np.load(path) as weights:
        return {
            name: np.moveaxis(weights[name], -1, 0)
            for name in weights.files
            if is_kernel(weights[name].shape)
        }


def quantized(kernel: np.ndarray, bits: int) -> np.ndarray:
    """Returns a float kernel as integers of so many bits, the largest magnitude being exact."""
    largest = (1 << bits - 1) - 1
    return np.rint(kernel * (largest / np.abs(kernel).max())).astype(np.int8)


def main() -> None:
    """Reads a network, writes its kernels."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("network", type=Path, help=".tflite, .ecz, or .npz with --bits")
    parser.add_argument("--bits", type=int, choices=range(2, 9), metavar="N", help="2 to 8")
    parser.add_argument("--out", type=Path, required=True, help=".npz file to write")
    args = parser.parse_args()

    if args.network.suffix == ".npz":
        if args.bits is None:
            parser.error("an .npz file holds float32 kernels: give --bits")
        kernels = keras_kernels(args.network)
    else:
        tflite = args.network.read_bytes()
        if args.network.suffix == ".ecz":
            tflite = decompress_bytes(tflite)
        kernels = level_numbers(tflite) if args.bits is None else float_kernels(tflite)
    if args.bits:
        kernels = {name: quantized(kernel, args.bits) for name, kernel in kernels.items()}
    np.savez_compressed(args.out, **{n.replace("/", "_"): k for n, k in kernels.items()})


if __name__ == "__main__":
    main()
