"""Speed and size of compressing and decompressing a model of 25 million weights.

The model has the kernel shapes of a ResNet-50; two thirds of its kernels are sparse with a
density of their own for every channel, the others dense with 15 levels. Weights are random.

    python benchmarks/coding_speed.py [--weights MILLIONS] [--portable]

Prints seconds, symbols a second, bytes, and the resident memory's peak. `--portable` hides
TensorFlow Compression from the range coder.
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable

import numpy as np

sys.path[:0] = [
    os.path.join(os.path.dirname(__file__), ".."),
    os.path.join(os.path.dirname(__file__), "..", "tests", "deploy"),
]

_STAGES = ((64, 256, 3), (128, 512, 4), (256, 1024, 6), (512, 2048, 3))


def kernel_shapes() -> list[tuple[int, ...]]:
    """Returns kernel shapes of a ResNet-50 as TensorFlow Lite stores them."""
    shapes: list[tuple[int, ...]] = [(64, 7, 7, 3)]
    width = 64
    for inner, outer, blocks in _STAGES:
        for block in range(blocks):
            shapes += [(inner, 1, 1, width), (inner, 3, 3, inner), (outer, 1, 1, inner)]
            if block == 0:
                shapes.append((outer, 1, 1, width))
            width = outer
    return [*shapes, (1000, 2048)]


def random_kernel(shape: tuple[int, ...], sparse: bool, rng: np.random.Generator) -> np.ndarray:
    """Returns a float32 kernel of few levels."""
    step = np.float32(rng.uniform(0.01, 0.1))
    if not sparse:
        levels = np.clip(np.rint(rng.normal(0, 2.5, shape)), -7, 7)
        return (levels + 0.0).astype(np.float32) * step
    each = (shape[0],) + (1,) * (len(shape) - 1)
    density = np.minimum(0.06 * rng.gamma(1, 1, each), 0.5)
    levels = rng.choice(np.array([-2, -1, 1, 2], np.float32), shape, p=[0.1, 0.4, 0.4, 0.1])
    return np.where(rng.random(shape, np.float32) < density, levels, np.float32(0)) * step


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weights", type=float, default=25.0, help="millions, at most 25.5")
    parser.add_argument("--portable", action="store_true", help="without TensorFlow Compression")
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    args = parser.parse_args()
    from tflite_builder import build_tflite

    from keras_ec.coding import range_coder_tfc
    from keras_ec.deploy.archive import compress_bytes, decompress_bytes

    if args.portable:
        range_coder_tfc.is_available = lambda: False
    rng = np.random.default_rng(0)
    kernels, count = {}, 0
    for number, shape in enumerate(kernel_shapes()):
        if count < args.weights * 1e6:
            kernels[f"conv_{number}"] = random_kernel(shape, number % 3 > 0, rng)
            count += kernels[f"conv_{number}"].size
    content = build_tflite(kernels)
    entropy = 0.0
    for kernel in kernels.values():
        levels = np.unique(kernel, return_counts=True)[1]
        entropy -= float((levels * np.log2(levels / kernel.size)).sum()) / 8
    del kernels
    compress_bytes(build_tflite({"warm": np.zeros((40, 40), np.float32)}))
    run = _profiled if args.profile else _timed
    archive, packing = run(compress_bytes, content)
    decoded, unpacking = run(decompress_bytes, archive)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"weights        {count:12,d}")
    print(f".tflite        {len(content):12,d} bytes")
    print(f".ecz           {len(archive):12,d} bytes, {len(archive) / entropy:.3f} of order 0")
    for name, (wall, cpu) in (("compress, verify", packing), ("decompress", unpacking)):
        rates = f"{count / wall / 1e6:.1f} and {count / cpu / 1e6:.1f} million/s"
        print(f"{name:17} {wall:6.2f} s, {cpu:6.2f} s of processor time: {rates}")
    print(f"peak memory    {peak:12.0f} MB, identical: {decoded == content}")


def _timed(
    function: Callable[[bytes], bytes], argument: bytes
) -> tuple[bytes, tuple[float, float]]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = function(argument)
    return result, (time.perf_counter() - wall, time.process_time() - cpu)


def _profiled(
    function: Callable[[bytes], bytes], argument: bytes
) -> tuple[bytes, tuple[float, float]]:
    import cProfile
    import pstats

    profile = cProfile.Profile()
    result, elapsed = profile.runcall(_timed, function, argument)
    pstats.Stats(profile).sort_stats("tottime").print_stats(16)
    return result, elapsed


if __name__ == "__main__":
    main()
