"""The .ecz container, version 1: tensors spliced into residual bytes, under a checksum.

3 bytes   magic "ECZ"
1 byte    version
4 bytes   CRC-32 (as in zlib) of all bytes that follow, little endian
varint    size of the decoded content, bytes
byte      codec of the residual bytes
byte      parameter of the codec, for LZMA only
varint    size of the coded residual bytes
varint    size of the range-coded stream
...       coded residual bytes
...       range-coded stream: number of tensors, then for each the number of residual bytes
          before it, and its representation
...       streams of symbols of large tensors
"""

import dataclasses
import zlib
from collections.abc import Callable, Sequence

import numpy as np

from keras_ec.coding.adaptive_bits import AdaptiveUint, code_bounded
from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.metered import MeteredDecoder, MeteredStreams
from keras_ec.coding.range_coder import BitDecoder, bit_decoder, bit_encoder
from keras_ec.coding.representation import Representation, RepresentationCoder, to_bits
from keras_ec.coding.residual import LZMA, compress_residual, decompress_residual
from keras_ec.coding.static_tensor import SideStreams
from keras_ec.coding.varint import ByteReader, write_varint

MAGIC = b"ECZ"
VERSION = 1
MAX_TENSORS = 1 << 20
MAX_CONTENT = 1 << 34
MAX_EXPANSION = 1 << 20
"""Most bytes of content for a byte of file; bounds what a small hostile file can claim."""

Progress = Callable[[int, int], None]
"""Called with the number of tensors done, and of all."""

_LARGE = 1 << 22
_STATIC_FROM, _STATIC_FROM_LARGE = 1 << 19, 1 << 14


@dataclasses.dataclass(frozen=True)
class Region:
    """A tensor's bytes within the content.

    Attributes:
        offset: Position of the first byte.
        representation: What the bytes are coded as.
    """

    offset: int
    representation: Representation


@dataclasses.dataclass(frozen=True)
class MeasuredRegion(Region):
    """A tensor's bytes within the content, and what they cost in a container.

    Attributes:
        bits: What the tensor, its tables and its position take of the container's payload.
    """

    bits: float


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


def encode_content(
    content: bytes, regions: Sequence[Region], progress: Progress | None = None
) -> bytes:
    """Encodes content, of which some regions are tensors.

    Args:
        content: The bytes to be restored.
        regions: Tensors within, ascending and disjoint. Their bytes must be those of their
            representation; this is not checked here.
        progress: Told what is done.

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
    encoder, side = bit_encoder(), SideStreams()
    elements = sum(region.representation.integers.size for region in regions)
    static_from = _STATIC_FROM if elements < _LARGE else _STATIC_FROM_LARGE
    gaps, representations = AdaptiveUint(), RepresentationCoder(encoder, side, static_from)
    AdaptiveUint(21).code(encoder, len(regions))
    residual = bytearray()
    position = 0
    for number, region in enumerate(regions):
        if progress:
            progress(number, len(regions))
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
    if progress:
        progress(len(regions), len(regions))
    fields += [write_varint(len(coded)), write_varint(len(stream)), coded, stream, *side.parts]
    container = seal(MAGIC, b"".join(fields))
    too_small = len(content) > MAX_EXPANSION * len(container)
    if regions and (too_small or len(regions) > max_tensors(len(stream))):
        return encode_content(content, [])
    return container


def max_tensors(stream_size: int) -> int:
    """Returns how many tensors a stream of `stream_size` bytes may hold: one a bit."""
    return min(MAX_TENSORS, 8 * stream_size)


def decode_content(data: bytes, progress: Progress | None = None) -> bytes:
    """Decodes a container.

    Args:
        data: What `encode_content` returned.
        progress: Told what is done.

    Returns:
        The content.

    Raises:
        CorruptFileError: If `data` is damaged or no container.
    """
    fields = _read_fields(data)
    size = fields.size
    decoder, side = bit_decoder(fields.stream), SideStreams(fields.side)
    tensors = _decode_tensors(fields, decoder, side, progress)
    residual_size = size - sum(item.integers.size * item.itemsize for _, item in tensors)
    residual = decompress_residual(fields.codec, fields.parameter, fields.coded, residual_size)
    result = bytearray(size)
    view = np.frombuffer(result, np.uint8)
    position = start = 0
    for gap, item in tensors:
        result[position : position + gap] = residual[start : start + gap]
        start += gap
        position += gap
        values = np.ascontiguousarray(to_bits(item)).reshape(-1).view(np.uint8)
        view[position : position + values.size] = values
        position += values.size
    result[position:] = residual[start:]
    return bytes(result)


def measure_regions(data: bytes, progress: Progress | None = None) -> list[MeasuredRegion]:
    """Decodes the tensors of a container and measures what each of them takes.

    The bits of a tensor are the code length of its decisions, and the size of its own streams of
    symbols. Their sum is `payload_size`, but for the number of tensors and for rounding.

    Args:
        data: What `encode_content` returned.
        progress: Told what is done.

    Returns:
        The tensors, ascending.

    Raises:
        CorruptFileError: If `data` is damaged or no container.
    """
    fields = _read_fields(data)
    decoder, side = MeteredDecoder(bit_decoder(fields.stream)), MeteredStreams(fields.side)
    marks = []

    def mark(done: int, total: int) -> None:
        marks.append(decoder.bits + side.bits)
        if progress:
            progress(done, total)

    regions, position = [], 0
    tensors = _decode_tensors(fields, decoder, side, mark)
    for number, (gap, item) in enumerate(tensors):
        bits = marks[number + 1] - marks[number]
        regions.append(MeasuredRegion(position + gap, item, bits))
        position += gap + item.integers.size * item.itemsize
    return regions


def payload_size(data: bytes) -> int:
    """Returns how many bytes of a container are coded tensors, tables included.

    The rest holds everything else: header, checksum and residual bytes.

    Args:
        data: What `encode_content` returned.

    Raises:
        CorruptFileError: If `data` is damaged or no container.
    """
    fields = _read_fields(data)
    return len(fields.stream) + len(fields.side)


@dataclasses.dataclass(frozen=True)
class _Fields:
    """The parts of a container."""

    size: int
    codec: int
    parameter: int
    coded: bytes
    stream: bytes
    side: bytes


def _read_fields(data: bytes) -> _Fields:
    """Returns a container's parts; checks the content size that it declares."""
    reader = ByteReader(unseal(MAGIC, data))
    size = reader.varint("content size")
    if size > min(MAX_CONTENT, MAX_EXPANSION * len(data)):
        raise CorruptFileError(f"A file of {len(data)} bytes cannot hold {size} bytes of content.")
    codec = reader.take(1, "codec")[0]
    parameter = reader.take(1, "codec parameter")[0] if codec == LZMA else 0
    coded_size, stream_size = reader.varint("residual size"), reader.varint("stream size")
    coded = reader.take(coded_size, "residual bytes")
    stream = reader.take(stream_size, "stream")
    side = reader.take(reader.remaining(), "symbol streams")
    return _Fields(size, codec, parameter, coded, stream, side)


def _decode_tensors(
    fields: _Fields, decoder: BitDecoder, side: SideStreams, progress: Progress | None
) -> list[tuple[int, Representation]]:
    """Returns, for each tensor, the number of residual bytes before it and its representation."""
    if not fields.stream:
        side.finish()
        return []
    gaps, representations = AdaptiveUint(), RepresentationCoder(decoder, side)
    count = code_bounded(decoder, AdaptiveUint(21), max_tensors(len(fields.stream)))
    left = fields.size
    tensors = []
    for number in range(count):
        if progress:
            progress(number, count)
        gap = code_bounded(decoder, gaps, left)
        left -= gap
        item = representations.code(left)
        left -= item.integers.size * item.itemsize
        tensors.append((gap, item))
    decoder.finish()
    side.finish()
    if progress:
        progress(count, count)
    return tensors
