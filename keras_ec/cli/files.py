"""Files of the command line: `-` is standard input or output, nothing is lost by accident."""

from __future__ import annotations

import os
import sys

from keras_ec.deploy.atomic_file import write_atomically

STANDARD = "-"


def read_bytes(path: str) -> bytes:
    """Returns the content of a file, or of standard input for `-`.

    Raises:
        OSError: if it cannot be read.
    """
    if path == STANDARD:
        return sys.stdin.buffer.read()
    with open(path, "rb") as file:
        return file.read()


def choose_target(source: str, output: str | None, extension: str, force: bool) -> str:
    """Returns where to write, before the work begins.

    Args:
        source: path of the source, or `-`.
        output: path that the user gave, or None for the source's with another extension.
        extension: such as ".ecz".
        force: whether an existing file may be replaced.

    Raises:
        ValueError: if the target is the source.
        FileExistsError: if the target exists and `force` is false.
        IsADirectoryError: if the target is a directory.
    """
    if output is None:
        output = STANDARD if source == STANDARD else os.path.splitext(source)[0] + extension
    if output == STANDARD:
        return output
    if source != STANDARD and os.path.exists(output) and os.path.samefile(source, output):
        raise ValueError(f"{output}: expected a target other than the source; give one with -o.")
    if os.path.isdir(output):
        raise IsADirectoryError(f"{output}: is a directory; expected the path of a file.")
    if os.path.exists(output) and not force:
        raise FileExistsError(f"{output}: exists already; give --force to replace it.")
    return output


def write_bytes(path: str, data: bytes) -> None:
    """Writes a file, whole or not at all, or standard output for `-`.

    Raises:
        OSError: if it cannot be written.
    """
    if path != STANDARD:
        write_atomically(path, data)
        return
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise OSError(error.errno, error.strerror, "standard output") from error


def label(path: str) -> str:
    """Returns what to call a source in messages."""
    return "standard input" if path == STANDARD else path
