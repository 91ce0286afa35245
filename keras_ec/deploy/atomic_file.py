"""Writing files so that a reader sees the old content or the new, never a part."""

import contextlib
import os
import secrets


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes a file under a temporary name beside it, then moves it into place.

    Args:
        path: Where to write. An existing file is replaced, keeping its permissions.
        data: The content.

    Raises:
        OSError: If writing fails, or the target is a directory or device; the error names the
            target. An existing file is then unchanged, and nothing is left behind.

    Example:
        >>> write_atomically("model.ecz", archive)
    """
    try:
        _write(os.path.realpath(path), data)
    except OSError as error:
        if error.errno is None:
            raise
        reason = f"cannot write the file: {error.strerror}"
        raise OSError(error.errno, reason, os.fspath(path)) from error


def _write(path: str, data: bytes) -> None:
    if os.path.exists(path) and not os.path.isfile(path):
        raise OSError(f"{path}: expected a regular file, or none yet, to write to.")
    kept = os.stat(path).st_mode & 0o777 if os.path.exists(path) else None
    descriptor, temporary = _create(os.path.dirname(path), 0o666 if kept is None else 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if kept is not None:
            os.chmod(temporary, kept)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _create(directory: str, mode: int) -> tuple[int, str]:
    """Creates a file of a new name: descriptor and path. Its mode is subject to the umask."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    while True:
        path = os.path.join(directory, f".keras_ec-{secrets.token_hex(8)}.tmp")
        with contextlib.suppress(FileExistsError):
            return os.open(path, flags, mode), path
