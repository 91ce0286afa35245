"""What the subcommands do. Each takes the parsed arguments; errors are exceptions."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from keras_ec.cli.files import STANDARD, choose_target, label, read_bytes, write_bytes
from keras_ec.cli.progress import progress_bar
from keras_ec.coding.archive_decoder import decode_archive
from keras_ec.coding.container import MAGIC
from keras_ec.coding.errors import CorruptFileError
from keras_ec.deploy.archive import compress_bytes, stage_progress


def compress(args: argparse.Namespace) -> None:
    """Compresses a .tflite file; checks that it decodes before it is written.

    Raises:
        ValueError: if the source is no .tflite file, or is the target.
        OSError: if a file cannot be read or written, or the target exists.
    """
    target = choose_target(args.file, args.output, ".ecz", args.force)
    content = read_bytes(args.file)
    with progress_bar(args.quiet) as progress:
        archive = compress_bytes(content, progress)
    write_bytes(target, archive)
    ratio = len(content) / len(archive)
    sizes = f"{len(content):,} bytes in {len(archive):,}, {ratio:.1f} times smaller"
    _say(args, f"{label(args.file)}: {sizes}{_written(target)}.", target)


def decompress(args: argparse.Namespace) -> None:
    """Restores a .tflite file.

    Raises:
        CorruptFileError: if the source is damaged or no .ecz file.
        ValueError: if the source is the target.
        OSError: if a file cannot be read or written, or the target exists.
    """
    target = choose_target(args.file, args.output, ".tflite", args.force)
    data = read_bytes(args.file)
    with progress_bar(args.quiet) as progress:
        content = decode_archive(data, stage_progress(progress, "decode"))
    write_bytes(target, content)
    sizes = f"{len(data):,} bytes hold {len(content):,}"
    _say(args, f"{label(args.file)}: {sizes}{_written(target)}.", target)


def inspect(args: argparse.Namespace) -> None:
    """Prints what each tensor of an .ecz file, or of a .tflite file once compressed, takes.

    Raises:
        ValueError: if the source is damaged, or neither an .ecz nor a .tflite file.
        OSError: if it cannot be read.
    """
    from keras_ec.cli.table import print_json, print_table
    from keras_ec.inspection import inspect_archive

    data = read_bytes(args.file)
    title = label(args.file)
    with progress_bar(args.quiet) as progress:
        if not data.startswith(MAGIC):
            if data[4:8] != b"TFL3":
                raise CorruptFileError(
                    f"Expected an .ecz or a .tflite file, found one that begins with {data[:8]!r}."
                )
            data = compress_bytes(data, progress)
            title += ", as it would be compressed"
        inspection = inspect_archive(data, progress)
    if args.json:
        print_json(args.file, inspection)
    else:
        print_table(title, inspection)


def verify(args: argparse.Namespace) -> None:
    """Decodes an .ecz file, and compares it with the original if that is given.

    Raises:
        CorruptFileError: if the file is damaged or no .ecz file.
        ValueError: if the content differs from the original.
        OSError: if a file cannot be read.
    """
    data = read_bytes(args.file)
    with progress_bar(args.quiet) as progress:
        content = decode_archive(data, stage_progress(progress, "decode"))
    message = f"OK, {len(data):,} bytes hold {len(content):,} bytes"
    if args.original is not None:
        original = read_bytes(args.original)
        if content != original:
            raise ValueError(_difference(content, original, label(args.original)))
        message += f", identical to {label(args.original)}"
    _say(args, f"{label(args.file)}: {message}.")


def _difference(content: bytes, original: bytes, name: str) -> str:
    if len(content) != len(original):
        return f"holds {len(content):,} bytes, but {name} has {len(original):,}."
    first = int(np.argmax(np.frombuffer(content, np.uint8) != np.frombuffer(original, np.uint8)))
    return f"holds as many bytes as {name}, but others from byte {first:,} on."


def _written(target: str) -> str:
    return "" if target == STANDARD else f", written to {target}"


def _say(args: argparse.Namespace, message: str, target: str = "") -> None:
    """Prints what was done, on stderr where stdout carries data."""
    if not args.quiet:
        print(message, file=sys.stderr if target == STANDARD else sys.stdout)
