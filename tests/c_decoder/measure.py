"""Measures the decoder in C on .ecz files: processor time, and the smallest arena that suffices.

    python tests/c_decoder/measure.py FILE [FILE ...]

The decoder is built with `gcc -O2`. Times are medians of five runs of C and one of Python, seconds.
"""

import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time

from keras_ec.coding.container import decode_content

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, "..", "..", "keras_ec", "c_decoder")
DEFAULT = (1 << 64) - 1


def build(program: str) -> None:
    """Builds the harness."""
    inputs = [os.path.join(SOURCES, "ecz_decoder.c"), os.path.join(HERE, "harness.c")]
    flags = ["-std=c99", "-O2", f"-I{SOURCES}"]
    subprocess.run(["gcc", *flags, *inputs, "-o", program], check=True)


def run(program: str, file: bytes, arena: int = DEFAULT) -> tuple[list[int], float]:
    """Decodes a file once.

    Returns:
        Status, size of the content, size of the arena that is certainly enough, CRC-32 of the
        content; and the seconds that it took.
    """
    head = struct.pack("<QQQ", len(file), arena, DEFAULT)
    done = subprocess.run([program], input=head + file, capture_output=True, check=True)
    return [int(word) for word in done.stdout.split()], float(done.stderr)


def least_arena(program: str, file: bytes, enough: int) -> int:
    """Returns the size of the smallest arena that suffices, given one that does."""
    low, high = 0, enough
    while high - low > 1:
        middle = (low + high) // 2
        if run(program, file, middle)[0][0] == 0:
            high = middle
        else:
            low = middle
    return high


def main(paths: list[str]) -> None:
    """Prints a row of figures for each file."""
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "harness")
        build(program)
        print("| file | content | arena, least | C | Python |\n| --- | --- | --- | --- | --- |")
        for path in paths:
            with open(path, "rb") as file:
                data = file.read()
            status, size, enough, _ = run(program, data)[0]
            if status:
                raise SystemExit(f"Expected an .ecz file, found status {status}: {path}")
            seconds = statistics.median(run(program, data)[1] for _ in range(5))
            begin = time.process_time()
            decode_content(data)
            python = time.process_time() - begin
            arena = least_arena(program, data, enough)
            print(f"| {len(data):,} | {size:,} | {arena:,} | {seconds:.4f} | {python:.2f} |")


if __name__ == "__main__":
    main(sys.argv[1:])
