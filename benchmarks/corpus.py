"""Compresses a corpus of .tflite files, decompresses each, and compares with gzip and xz.

    python benchmarks/corpus.py --cache CACHE [PATH ...] [--json FILE]
    python benchmarks/corpus.py --cache CACHE --large

Paths are .tflite files, folders, and archives (.task, .zip, .whl, .tgz) that hold some; members of
archives go to the cache folder. Without a path, the models of `corpus_models.py` are made there.
Files of the same content count once.
`--large` tries one file of more than 2 GB instead, whose weights lie behind the flatbuffer, and
prints seconds and the peak of resident memory. The exit code is 1 if a file did not come back
byte for byte or grew by more than 64 bytes.
"""

import argparse
import dataclasses
import gzip
import hashlib
import json
import lzma
import multiprocessing
import os
import resource
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator

import numpy as np
from corpus_kinds import traits, weight_type

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests", "deploy"))

from keras_ec.deploy.archive import compress_bytes, compress_file, decompress_bytes
from keras_ec.deploy.atomic_file import write_atomically
from keras_ec.deploy.weight_buffers import check_identifier
from keras_ec.runtime import decompress

MOST_GROWTH = 64
_ARCHIVES = (".task", ".zip", ".whl", ".tgz")
_LARGE_SHAPE = (5_000, 10_000)


@dataclasses.dataclass(frozen=True)
class Row:
    """Sizes in bytes of a file, compressed in different ways.

    Attributes:
        file: Its name.
        source: Name of the archive or folder that it is from.
        weights: Element type of most of its weights.
        traits: What else it is an example of.
        size: Of the file itself.
        gzip: Level 9.
        xz: The default preset.
        ecz: Of the archive.
        growth: The archive's size less the file's; negative where it is smaller.
        seconds: What compressing, its verification included, and decompressing took.
        identical: Whether the decompressed file is the original.
    """

    file: str
    source: str
    weights: str
    traits: list[str]
    size: int
    gzip: int
    xz: int
    ecz: int
    growth: int
    seconds: float
    identical: bool


def tflite_files(
    paths: list[str], cache: str, source: str | None = None
) -> Iterator[tuple[str, str]]:
    """Yields .tflite files, given, in folders, and in archives: path, and where it is from.

    Args:
        paths: Files, folders, archives.
        cache: Folder for members of archives.
        source: Where these paths are from; their folder's name unless given.
    """
    for path in paths:
        if os.path.isdir(path):
            inner = sorted(os.path.join(path, name) for name in os.listdir(path))
            chosen = [p for p in inner if os.path.isdir(p) or p.endswith((*_ARCHIVES, ".tflite"))]
            yield from tflite_files(chosen, cache, source)
        elif path.endswith(_ARCHIVES):
            yield from tflite_files(
                _extracted(path, cache), cache, source or os.path.basename(path)
            )
        else:
            yield path, source or os.path.basename(os.path.dirname(os.path.abspath(path)))


def _members(path: str) -> Iterator[tuple[str, bytes]]:
    """Yields names and contents of an archive's members that are models."""
    if path.endswith(".tgz"):
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and member.name.endswith((".tflite", ".task")):
                    yield member.name, archive.extractfile(member).read()
    else:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith((".tflite", ".task")):
                    yield name, archive.read(name)


def _extracted(path: str, cache: str) -> list[str]:
    """Writes members that are models to the cache, named after their content."""
    folder = os.path.join(cache, "extracted")
    os.makedirs(folder, exist_ok=True)
    result = []
    for name, content in sorted(_members(path)):
        digest = hashlib.sha256(content).hexdigest()[:12]
        result.append(os.path.join(folder, f"{digest}-{os.path.basename(name)}"))
        write_atomically(result[-1], content)
    return result


def measure(path: str, source: str) -> Row | None:
    """Returns a file's sizes; `None` if it is no .tflite file.

    Args:
        path: The file.
        source: Where it is from.
    """
    with open(path, "rb") as file:
        content = file.read()
    try:
        check_identifier(content)
    except ValueError as error:
        print(f"{path} is left out. {error}", file=sys.stderr)
        return None
    start = time.perf_counter()
    archive = compress_bytes(content)
    identical = decompress_bytes(archive) == content
    seconds = time.perf_counter() - start
    return Row(
        os.path.basename(path),
        source,
        weight_type(content),
        traits(content),
        len(content),
        len(gzip.compress(content, 9)),
        len(lzma.compress(content)),
        len(archive),
        len(archive) - len(content),
        seconds,
        identical,
    )


def total(rows: list[Row], name: str = "all") -> Row:
    """Returns the sums of rows; its growth is the largest of any."""
    sums = {name: sum(getattr(row, name) for row in rows) for name in ("size", "gzip", "xz", "ecz")}
    return Row(
        f"{name}: {len(rows)}",
        source="",
        weights="",
        traits=[],
        growth=max(row.growth for row in rows),
        seconds=sum(row.seconds for row in rows),
        identical=all(row.identical for row in rows),
        **sums,
    )


def totals(rows: list[Row]) -> list[Row]:
    """Returns the sums by weights, by traits, by source, and of all."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        for name in (f"weights {row.weights}", *row.traits, f"from {row.source}"):
            groups.setdefault(name, []).append(row)
    by_kind = [total(members, name) for name, members in sorted(groups.items())]
    return [*by_kind, total(rows)]


def write_report(path: str, rows: list[Row]) -> None:
    """Writes rows and their sums as JSON."""
    report = {
        "files": [dataclasses.asdict(row) for row in rows],
        "totals": [dataclasses.asdict(row) for row in totals(rows)],
    }
    write_atomically(path, json.dumps(report, indent=1).encode() + b"\n")


def _print(row: Row) -> None:
    sizes = " ".join(f"{n:12,d}" for n in (row.size, row.gzip, row.xz, row.ecz, row.growth))
    print(f"{row.file:40.40} {sizes} {row.seconds:8.2f}{'' if row.identical else ' DIFFERS'}")


def _write_large(path: str) -> None:
    """Writes a model of 2.2 GB: nine tensors of zeros, and two of 15 levels beyond 1.8 GB."""
    from tflite_builder import build_tflite

    rng = np.random.default_rng(0)
    levels = np.arange(-7, 8, dtype=np.float32) * np.float32(0.0625)
    share = np.exp(-0.5 * (np.arange(-7, 8) / 2) ** 2)
    choices = levels[rng.choice(15, 1 << 16, p=share / share.sum())]
    zeros = np.zeros(_LARGE_SHAPE, np.float32)
    arrays = {f"zeros{number}": zeros for number in range(9)}
    for number in range(2):
        arrays[f"k{number}"] = choices[rng.integers(0, 1 << 16, _LARGE_SHAPE, np.uint16)]
    write_atomically(path, build_tflite(arrays, external=tuple(arrays)))


def _isolated(function: object, *arguments: str) -> tuple[float, int]:
    """Runs a function in a process of its own; returns seconds and its peak memory in bytes."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_report, args=(sender, function, *arguments))
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError as error:
        raise RuntimeError(
            f"The process ended without a result, code {process.exitcode}."
        ) from error
    finally:
        process.join()


def _report(sender: object, function: object, *arguments: str) -> None:
    start = time.perf_counter()
    function(*arguments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    sender.send((time.perf_counter() - start, peak))


def _decompress_to(source: str, target: str) -> None:
    write_atomically(target, decompress(source))


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def try_large(cache: str) -> dict[str, float | int | bool]:
    """Compresses and decompresses a model of more than 2 GB; returns what it took."""
    source, target, back = (
        os.path.join(cache, f"large.{end}") for end in ("tflite", "ecz", "back")
    )
    _isolated(_write_large, source)
    packing = _isolated(compress_file, source, target)
    unpacking = _isolated(_decompress_to, target, back)
    result = {
        "size": os.path.getsize(source),
        "ecz": os.path.getsize(target),
        "compress_seconds": packing[0],
        "compress_peak_bytes": packing[1],
        "decompress_seconds": unpacking[0],
        "decompress_peak_bytes": unpacking[1],
        "identical": _digest(source) == _digest(back),
    }
    for path in (source, target, back):
        os.unlink(path)
    return result


def main() -> int:
    """Runs the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("paths", nargs="*", metavar="PATH")
    parser.add_argument("--cache", required=True, help="folder for models made or extracted")
    parser.add_argument("--json", help="file to write the rows to")
    parser.add_argument("--large", action="store_true", help="try one file of more than 2 GB")
    args = parser.parse_args()
    os.makedirs(args.cache, exist_ok=True)
    if args.large:
        result = try_large(args.cache)
        print(json.dumps(result, indent=1))
        return 0 if result["identical"] else 1
    if not args.paths:
        from corpus_models import make_models

        args.paths = make_models(args.cache)
    heads = " ".join(f"{name:>12}" for name in ("bytes", "gzip -9", "xz", "ecz", "growth"))
    print(f"{'file':40} {heads} {'seconds':>8}")
    rows, seen = [], set()
    for path, source in tflite_files(args.paths, args.cache):
        digest = _digest(path)
        row = None if digest in seen else measure(path, source)
        seen.add(digest)
        if row is None:
            continue
        _print(row)
        rows.append(row)
        if args.json:  # after each file, so that an interrupted run has a report
            write_report(args.json, rows)
    if not rows:
        parser.error("expected at least one .tflite file among the paths, found none")
    for row in totals(rows):
        _print(row)
    return 0 if total(rows).identical and total(rows).growth <= MOST_GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
