"""The .ecz container, version 1: tensors spliced into residual bytes.

8 bytes   seal: magic "ECZ", version, checksum
varint    size of the decoded content, bytes
byte      codec of the residual bytes
byte      parameter of the codec, for LZMA only
varint    size of the coded residual bytes
varint    size of the range-coded stream
...       coded residual bytes
...       range-coded stream: number of tensors, then for each the number of bytes before it,
          whether the last four of these are its size, and its representation
...       streams of symbols of large tensors
"""

import dataclasses
import io
from collections.abc import Callable, Sequence

import numpy as np

from keras_ec.coding.adaptive_bits import AdaptiveUint, code_bounded
from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.integer_tensor import static_from
from keras_ec.coding.metered import MeteredDecoder, MeteredStreams
from keras_ec.coding.range_coder import BitDecoder, bit_decoder, bit_encoder
from keras_ec.coding.representation import (
    Representation,
    RepresentationCoder,
    bytes_of,
    to_bits,
)
from keras_ec.coding.residual import LZMA, compress_residual, decompress_residual
from keras_ec.coding.seal import check_seal, seal, unseal
from keras_ec.coding.static_tensor import SideStreams
from keras_ec.coding.tensor_positions import (
    Position,
    PositionCoder,
    find_position,
    residual_spans,
)
from keras_ec.coding.varint import ByteReader, write_varint

MAGIC = b"ECZ"
MAX_TENSORS = 1 << 20
MAX_CONTENT = 1 << 34
MAX_EXPANSION = 1 << 20
"""Most bytes of content for a byte of file; bounds what a small hostile file can claim."""

Progress = Callable[[int, int], None]
"""Called with the number of tensors done, and of all."""


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
    starts = PositionCoder(encoder, len(content))
    representations = RepresentationCoder(encoder, side, static_from(elements))
    AdaptiveUint(21).code(encoder, len(regions))
    positions, end = [], 0
    for number, region in enumerate(regions):
        if progress:
            progress(number, len(regions))
        item = region.representation
        position = find_position(content, region.offset, bytes_of(item), end)
        starts.code(end, position)
        representations.code(len(content), item)
        positions.append(position)
        end = position.offset + position.size
    spans = residual_spans(positions, len(content))
    residual = b"".join([content[span.start : span.stop] for span in spans])
    stream = encoder.finish() if regions else b""
    beside = len(stream) + sum(map(len, side.parts))
    codec, parameter, coded = compress_residual(residual, spans, beside)
    fields = [write_varint(len(content)), bytes([codec])]
    if codec == LZMA:
        fields.append(bytes([parameter]))
    if progress:
        progress(len(regions), len(regions))
    fields += [write_varint(len(coded)), write_varint(len(stream)), coded, stream, *side.parts]
    container = seal(MAGIC, b"".join(fields), [content])
    too_small = len(content) > MAX_EXPANSION * len(container)
    if regions and (too_small or len(regions) > max_tensors(len(stream))):
        return encode_content(content, [])
    return container


def largest_content(data: bytes) -> int:
    """Returns how many bytes of content a container of `len(data)` bytes may hold."""
    return min(MAX_CONTENT, MAX_EXPANSION * len(data))


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
    decoder, side = bit_decoder(fields.stream), SideStreams(fields.side)
    tensors = _decode_tensors(fields, decoder, side, progress)
    spans = residual_spans([position for position, _ in tensors], fields.size)
    residual = decompress_residual(fields.codec, fields.parameter, fields.coded, spans)
    result = io.BytesIO(bytes(fields.size))  # whose value is not copied in the end
    with result.getbuffer() as view:
        start = 0
        for span in spans:
            view[span.start : span.stop] = residual[start : start + len(span)]
            start += len(span)
        del residual
        while tensors:
            position, item = tensors.pop()
            begin, end = position.offset, position.offset + position.size
            view[begin - len(position.prefix) : begin] = position.prefix
            view[begin:end] = np.ascontiguousarray(to_bits(item)).reshape(-1).view(np.uint8)
        check_seal(fields.checksum, fields.body, [view])
    return result.getvalue()


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

    tensors = _decode_tensors(fields, decoder, side, mark)
    return [
        MeasuredRegion(position.offset, item, marks[number + 1] - marks[number])
        for number, (position, item) in enumerate(tensors)
    ]


def payload_size(data: bytes) -> int:
    """Returns how many bytes of a container are coded tensors, tables included.

    The rest holds everything else: header, checksum and residual bytes.

    Args:
        data: What `encode_content` returned.

    Raises:
        CorruptFileError: If `data` is truncated or no container; its checksum is not verified.
    """
    fields = _read_fields(data)
    return len(fields.stream) + len(fields.side)


@dataclasses.dataclass(frozen=True)
class _Fields:
    """The parts of a container, and the body that holds them, with its checksum."""

    checksum: int
    body: memoryview
    size: int
    codec: int
    parameter: int
    coded: bytes
    stream: bytes
    side: memoryview


def _read_fields(data: bytes) -> _Fields:
    """Returns a container's parts; checks the content size that it declares."""
    checksum, body = unseal(MAGIC, data)
    reader = ByteReader(body)
    size = reader.varint("content size")
    if size > largest_content(data):
        raise CorruptFileError(f"A file of {len(data)} bytes cannot hold {size} bytes of content.")
    codec = reader.take(1, "codec")[0]
    parameter = reader.take(1, "codec parameter")[0] if codec == LZMA else 0
    coded_size, stream_size = reader.varint("residual size"), reader.varint("stream size")
    coded = reader.take(coded_size, "residual bytes")
    stream = reader.take(stream_size, "stream")
    side = reader.view(reader.remaining(), "symbol streams")
    return _Fields(checksum, body, size, codec, parameter, coded, stream, side)


def _decode_tensors(
    fields: _Fields, decoder: BitDecoder, side: SideStreams, progress: Progress | None
) -> list[tuple[Position, Representation]]:
    """Returns the tensors and their positions."""
    if not fields.stream:
        side.finish()
        return []
    starts, representations = (
        PositionCoder(decoder, fields.size),
        RepresentationCoder(decoder, side),
    )
    count = code_bounded(decoder, AdaptiveUint(21), max_tensors(len(fields.stream)))
    tensors, end = [], 0
    for number in range(count):
        if progress:
            progress(number, count)
        offset, sized = starts.code(end)
        item = representations.code(fields.size - offset)
        position = Position(offset, bytes_of(item), sized)
        if sized and position.size >= 1 << 32:
            raise CorruptFileError(f"A tensor of {position.size} bytes has no size of 4 bytes.")
        tensors.append((position, item))
        end = offset + position.size
    decoder.finish()
    side.finish()
    if progress:
        progress(count, count)
    return tensors
