"""Speed and size of compressing and decompressing a model of 25 million weights.

The model has the kernel shapes of a ResNet-50; two thirds of its kernels are sparse with a
density of their own for every channel, the others dense with 15 levels. Weights are random.

    python benchmarks/coding_speed.py [--weights MILLIONS] [--coder NAME] [--repeats N]

Prints medians of wall-clock and processor time, bytes, bytes against the code length that the
probabilities in use imply, and the resident memory's peak; writes them to
`benchmarks/results/coding_speed.json`. What codes:

    compiled                  Python encodes, the compiled decoder decodes: an installation
                              without TensorFlow
    tensorflow_compression    symbol streams both ways
    portable                  Python both ways
"""

import argparse
import cProfile
import json
import os
import pstats
import resource
import sys
import time
from pathlib import Path
from unittest import mock

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "deploy")]

from json_file import add_to_json  # noqa: E402
from tflite_builder import build_tflite  # noqa: E402

from keras_ec.coding import archive_decoder, container, range_coder_tfc  # noqa: E402
from keras_ec.coding.metered import MeteredDecoder  # noqa: E402
from keras_ec.coding.range_coder import ONE, bit_decoder  # noqa: E402
from keras_ec.coding.static_tensor import SideStreams  # noqa: E402
from keras_ec.coding.symbol_streams import SymbolJob  # noqa: E402
from keras_ec.deploy.archive import compress_bytes, decompress_bytes  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "coding_speed.json"
CODERS = ("tensorflow_compression", "portable", "compiled")
STAGES = ("encode", "check", "compress", "decompress")
"""`encode`: find representations and code; `check`: decode and compare; `compress`: both."""

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


def build_model(millions: float) -> tuple[bytes, int, float]:
    """Returns a .tflite file's content, its number of weights, and their order-0 entropy, bytes."""
    rng = np.random.default_rng(0)
    kernels, count = {}, 0
    for number, shape in enumerate(kernel_shapes()):
        if count < millions * 1e6:
            kernels[f"conv_{number}"] = random_kernel(shape, number % 3 > 0, rng)
            count += kernels[f"conv_{number}"].size
    entropy = 0.0
    for kernel in kernels.values():
        levels = np.unique(kernel, return_counts=True)[1]
        entropy -= float((levels * np.log2(levels / kernel.size)).sum()) / 8
    return build_tflite(kernels), count, entropy


def choose(coder: str) -> None:
    """Makes keras_ec code with one of `CODERS`.

    Raises:
        ImportError: if it is not installed.
    """
    if coder == "tensorflow_compression":
        import tensorflow  # noqa: F401  (its range coder is used where it is imported)

        if not range_coder_tfc.is_available():
            raise ImportError("TensorFlow Compression is not installed")
    else:
        range_coder_tfc.is_available = lambda: False
    if coder != "compiled":
        archive_decoder.is_compiled = lambda: False
    elif not archive_decoder.is_compiled():
        raise ImportError("keras_ec was installed without a compiler: it has no compiled decoder")


def clocks() -> np.ndarray:
    """Returns wall-clock and processor time, seconds."""
    return np.array([time.perf_counter(), time.process_time()])


def timed_round(content: bytes) -> tuple[bytes, dict[str, np.ndarray]]:
    """Compresses and decompresses once; returns the archive and each stage's times, seconds."""
    encoded = None

    def progress(stage: str, done: int, total: int) -> None:
        nonlocal encoded
        if stage == "encode" and done == total:
            encoded = clocks()

    begin = clocks()
    archive = compress_bytes(content, progress)
    compressed = clocks()
    decoded = decompress_bytes(archive)
    end = clocks()
    if decoded != content:
        raise RuntimeError("Expected the content to come back; other bytes came.")
    times = (encoded - begin, compressed - encoded, compressed - begin, end - compressed)
    return archive, dict(zip(STAGES, times, strict=True))


class _KeptStreams(SideStreams):
    """Symbol streams that keep what they decode."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.kept: list[tuple[SymbolJob, np.ndarray, int]] = []

    def defer(self, job: SymbolJob, result: np.ndarray, low: int) -> None:
        super().defer(job, result, low)
        self.kept.append((job, job.table, result.size))

    def ideal_bits(self) -> float:
        """Returns the code length of all symbols in the tables used; padding is not counted."""
        bits = 0.0
        for job, table, size in self.kept:
            frequency = np.diff(job.cumulative)
            entry = table.ravel()[:size].astype(np.intp) * frequency.shape[1]
            counts = np.bincount(entry + job.symbols.ravel()[:size], minlength=frequency.size)
            used = counts > 0
            bits -= (counts[used] * np.log2(frequency.ravel()[used] / ONE)).sum()
        return float(bits)


def ideal_bytes(archive: bytes) -> float:
    """Returns the code length, in bytes, of all decisions and symbols of an archive."""
    decoders, streams = [], []

    def decoder(stream: bytes) -> MeteredDecoder:
        decoders.append(MeteredDecoder(bit_decoder(stream)))
        return decoders[-1]

    def side(data: bytes) -> _KeptStreams:
        streams.append(_KeptStreams(data))
        return streams[-1]

    with mock.patch.multiple(container, bit_decoder=decoder, SideStreams=side):
        container.decode_content(archive)
    return (sum(d.bits for d in decoders) + sum(s.ideal_bits() for s in streams)) / 8


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weights", type=float, default=25.0, help="millions, at most 25.5")
    parser.add_argument("--coder", choices=CODERS, default=CODERS[0], help="what codes")
    parser.add_argument("--repeats", type=int, default=5, help="rounds, for the medians")
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    parser.add_argument("--out", type=Path, default=RESULTS, help="JSON file to update")
    args = parser.parse_args()

    try:
        choose(args.coder)
    except ImportError as error:
        parser.error(str(error))
    content, count, entropy = build_model(args.weights)
    compress_bytes(build_tflite({"warm": np.arange(40000, dtype=np.float32).reshape(200, 200) % 9}))
    if args.profile:
        profile = cProfile.Profile(time.process_time)
        profile.runcall(timed_round, content)
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        return
    rounds = [timed_round(content) for _ in range(args.repeats)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    archive = rounds[0][0]
    written, ideal = container.payload_size(archive), ideal_bytes(archive)
    result = {
        "weights": count,
        "cpus": os.cpu_count(),
        "rounds": args.repeats,
        "tflite_bytes": len(content),
        "ecz_bytes": len(archive),
        "of_order_0": round(len(archive) / entropy, 4),
        "coded_bytes": written,
        "ideal_bytes": round(ideal, 1),
        "coded_of_ideal": round(written / ideal, 5),
        "peak_megabytes": round(peak),
    }
    for stage in STAGES:
        wall, cpu = np.median([times[stage] for _, times in rounds], axis=0)
        result[stage] = {
            "wall_seconds": round(float(wall), 2),
            "cpu_seconds": round(float(cpu), 2),
            "million_symbols_per_wall_second": round(count / wall / 1e6, 1),
            "million_symbols_per_cpu_second": round(count / cpu / 1e6, 1),
        }
    print(json.dumps(result, indent=2))
    add_to_json(args.out, {args.coder: result})


if __name__ == "__main__":
    main()
