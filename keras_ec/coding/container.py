"""The .ecz container, version 1: tensors spliced into residual bytes, under a checksum.

3 bytes   magic "ECZ"
1 byte    version
4 bytes   CRC-32 (as in zlib) of all bytes that follow, little endian
varint    size of the decoded content, bytes
byte      codec of the residual bytes
byte      parameter of the codec, for LZMA only
varint    size of the coded residual bytes
...       coded residual bytes
...       range-coded stream: number of tensors, then for each the number of residual bytes
          before it, and its representation
"""

import dataclasses
import zlib
from collections.abc import Sequence

from keras_ec.coding.adaptive_bits import AdaptiveUint, code_bounded
from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.range_coder import bit_decoder, bit_encoder
from keras_ec.coding.representation import Representation, RepresentationCoder, to_bits
from keras_ec.coding.residual import LZMA, compress_residual, decompress_residual
from keras_ec.coding.varint import ByteReader, write_varint

MAGIC = b"ECZ"
VERSION = 1
MAX_TENSORS = 1 << 20
MAX_CONTENT = 1 << 34
MAX_EXPANSION = 1 << 20
"""Most bytes of content for a byte of file; bounds what a small hostile file can claim."""


@dataclasses.dataclass(frozen=True)
class Region:
    """A tensor's bytes within the content.

    Attributes:
        offset: Position of the first byte.
        representation: What the bytes are coded as.
    """

    offset: int
    representation: Representation


def seal(magic: bytes, body: bytes) -> bytes:
    """Returns magic, version and checksum, followed by `body`."""
    return magic + bytes([VERSION]) + zlib.crc32(body).to_bytes(4, "little") + body


def unseal(magic: bytes, data: bytes) -> bytes:
    """Checks magic, version and checksum; returns the body.

    Raises:
        CorruptFileError: If one of them is wrong.
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
    body = reader.take(reader.remaining(), "content")
    if zlib.crc32(body) != checksum:
        raise CorruptFileError("The checksum does not match: the file is damaged or truncated.")
    return body


def encode_content(content: bytes, regions: Sequence[Region]) -> bytes:
    """Encodes content, of which some regions are tensors.

    Args:
        content: The bytes to be restored.
        regions: Tensors within, ascending and disjoint. Their bytes must be those of their
            representation; this is not checked here.

    Returns:
        The container.

    Raises:
        ValueError: If the content is larger than the format allows.
    """
    if len(content) > MAX_CONTENT or len(regions) > MAX_TENSORS:
        raise ValueError(
            f"Expected at most {MAX_CONTENT} bytes and {MAX_TENSORS} tensors. "
            f"Received: {len(content)} bytes, {len(regions)} tensors."
        )
    encoder = bit_encoder()
    gaps, representations = AdaptiveUint(), RepresentationCoder(encoder)
    AdaptiveUint(21).code(encoder, len(regions))
    residual = bytearray()
    position = 0
    for region in regions:
        gap = region.offset - position
        gaps.code(encoder, gap)
        residual += content[position : region.offset]
        item = representations.code(len(content), region.representation)
        position = region.offset + item.integers.size * item.itemsize
    residual += content[position:]
    codec, parameter, coded = compress_residual(bytes(residual))
    fields = [write_varint(len(content)), bytes([codec])]
    if codec == LZMA:
        fields.append(bytes([parameter]))
    stream = encoder.finish() if regions else b""
    container = seal(MAGIC, b"".join([*fields, write_varint(len(coded)), coded, stream]))
    too_small = len(content) > MAX_EXPANSION * len(container)
    if regions and (too_small or len(regions) > max_tensors(len(stream))):
        return encode_content(content, [])
    return container


def max_tensors(stream_size: int) -> int:
    """Returns how many tensors a stream of `stream_size` bytes may hold: one a bit."""
    return min(MAX_TENSORS, 8 * stream_size)


def decode_content(data: bytes) -> bytes:
    """Decodes a container.

    Args:
        data: What `encode_content` returned.

    Returns:
        The content.

    Raises:
        CorruptFileError: If `data` is damaged or no container.
    """
    size, codec, parameter, coded, stream = _read_fields(data)
    tensors = _decode_tensors(stream, size) if stream else []
    residual_size = size - sum(len(values) for _, values in tensors)
    residual = decompress_residual(codec, parameter, coded, residual_size)
    parts = []
    position = 0
    for gap, values in tensors:
        parts += [residual[position : position + gap], values]
        position += gap
    return b"".join([*parts, residual[position:]])


def payload_size(data: bytes) -> int:
    """Returns how many bytes of a container are coded tensors, tables included.

    The rest holds everything else: header, checksum and residual bytes.

    Args:
        data: What `encode_content` returned.

    Raises:
        CorruptFileError: If `data` is damaged or no container.
    """
    return len(_read_fields(data)[-1])


def _read_fields(data: bytes) -> tuple[int, int, int, bytes, bytes]:
    """Returns content size, codec and its parameter, coded residual bytes, coded tensors."""
    reader = ByteReader(unseal(MAGIC, data))
    size = reader.varint("content size")
    if size > min(MAX_CONTENT, MAX_EXPANSION * len(data)):
        raise CorruptFileError(f"A file of {len(data)} bytes cannot hold {size} bytes of content.")
    codec = reader.take(1, "codec")[0]
    parameter = reader.take(1, "codec parameter")[0] if codec == LZMA else 0
    coded = reader.take(reader.varint("residual size"), "residual bytes")
    return size, codec, parameter, coded, reader.take(reader.remaining(), "stream")


def _decode_tensors(stream: bytes, size: int) -> list[tuple[int, bytes]]:
    """Returns, for each tensor, the number of residual bytes before it and its bytes."""
    decoder = bit_decoder(stream)
    gaps, representations = AdaptiveUint(), RepresentationCoder(decoder)
    count = code_bounded(decoder, AdaptiveUint(21), max_tensors(len(stream)))
    left = size
    tensors = []
    for _ in range(count):
        gap = code_bounded(decoder, gaps, left)
        left -= gap
        values = to_bits(representations.code(left)).tobytes()
        left -= len(values)
        tensors.append((gap, values))
    decoder.finish()
    return tensors
