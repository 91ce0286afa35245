"""Writing files so that a reader sees the old content or the new, never a part."""

import contextlib
import os
import tempfile


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
    directory = os.path.dirname(path)
    descriptor, temporary = tempfile.mkstemp(dir=directory, prefix=".keras_ec-", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _permissions(path))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _permissions(path: str) -> int:
    """Returns the permissions of an existing file, or those a new one would get."""
    try:
        return os.stat(path).st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
