"""The first bytes of a file: magic, version, and a checksum of what it holds and decodes to.

3 bytes   magic
1 byte    version
4 bytes   CRC-32 (as in zlib), little endian, of all bytes that follow and then of the content
          they decode to
"""

import zlib
from collections.abc import Iterable

from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.varint import ByteReader

VERSION = 1


def seal(magic: bytes, body: bytes, content: Iterable[bytes]) -> bytes:
    """Returns magic, version and checksum, followed by `body`.

    Args:
        magic: What the file begins with.
        body: What follows the checksum.
        content: What the body decodes to, in parts.
    """
    return magic + bytes([VERSION]) + _checksum(body, content).to_bytes(4, "little") + body


def unseal(magic: bytes, data: bytes) -> tuple[int, memoryview]:
    """Checks magic and version.

    Returns:
        The checksum, which `check_seal` takes, and the body.

    Raises:
        CorruptFileError: If magic or version are others, or the file ends before the body.
    """
    reader = ByteReader(data)
    found = reader.take(len(magic), "file identifier") if data else b""
    if found != magic:
        raise CorruptFileError(f"Expected a file that begins with {magic!r}, found {found!r}.")
    version = reader.take(1, "version")[0]
    if version != VERSION:
        raise CorruptFileError(
            f"Expected format version {VERSION}, found {version}; a newer keras_ec may read it."
        )
    checksum = int.from_bytes(reader.take(4, "checksum"), "little")
    return checksum, reader.view(reader.remaining(), "content")


def check_seal(checksum: int, body: memoryview, content: Iterable[bytes]) -> None:
    """Checks what a file was decoded to.

    Args:
        checksum: What `unseal` returned.
        body: Likewise.
        content: What the body was decoded to, in parts.

    Raises:
        CorruptFileError: If it is not what the file was made of.
    """
    if _checksum(body, content) != checksum:
        raise CorruptFileError("The checksum does not match: the file is damaged.")


def _checksum(body: bytes | memoryview, content: Iterable[bytes]) -> int:
    checksum = zlib.crc32(body)
    for part in content:
        checksum = zlib.crc32(part, checksum)
    return checksum
