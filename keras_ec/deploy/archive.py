"""Lossless, range-coded archives (.ecz) of .tflite files."""

import contextlib
import functools
import os
import zlib
from collections.abc import Callable

from keras_ec.coding.archive_decoder import decode_archive
from keras_ec.coding.container import Progress, Region, encode_content
from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.representation import bytes_of
from keras_ec.coding.structure_model import MAX_SIZE as MAX_STRUCTURE
from keras_ec.deploy.atomic_file import write_atomically
from keras_ec.deploy.channel_quantization import scale_regions, zero_point_regions
from keras_ec.deploy.representation_choice import choose_representation
from keras_ec.deploy.weight_buffers import WeightBuffer, check_identifier, find_weight_buffers
from keras_ec.deploy.zero_runs import zero_regions

StageProgress = Callable[[str, int, int], None]
"""Called with what is being done to the tensors, how many are done, and how many there are."""

_SMALL = 1 << 20


def compress_bytes(tflite: bytes, progress: StageProgress | None = None) -> bytes:
    """Compresses the content of a .tflite file.

    Weight buffers with few distinct values are range-coded, everything else goes to a
    general-purpose codec. The result is decoded and compared before it is returned.

    Args:
        tflite: A TensorFlow Lite flatbuffer; weights behind the flatbuffer are part of it.
        progress: Told what is done: "analyse", "encode", and, if Python does it, "check".

    Returns:
        The archive. `decompress_bytes` gives `tflite` again, byte for byte.

    Raises:
        ValueError: If `tflite` is no TensorFlow Lite flatbuffer.
    """
    tflite = bytes(tflite)
    check_identifier(tflite)
    buffers, regions, zero_points = [], [], []
    with contextlib.suppress(ValueError):  # what cannot be read is structure
        buffers = find_weight_buffers(tflite)
    with contextlib.suppress(ValueError):
        regions, zero_points = scale_regions(tflite), zero_point_regions(tflite)
    for number, buffer in enumerate(buffers):
        if progress:
            progress("analyse", number, len(buffers))
        item = choose_representation(tflite, buffer)
        if item is not None:
            regions.append(Region(buffer.offset, item))
    regions = _disjoint(regions)
    if _structure_size(tflite, regions) <= MAX_STRUCTURE:  # LZMA has zeros for nothing
        regions = _disjoint([*regions, *zero_points])
    archive = encode_content(tflite, regions, stage_progress(progress, "encode"))
    if zeros := _surplus_zeros(tflite, regions, buffers):
        archive = min(archive, encode_content(tflite, _disjoint([*regions, *zeros])), key=len)
    if regions and len(tflite) < _SMALL and len(zlib.compress(tflite, 1)) < 2 * len(archive):
        archive = min(archive, encode_content(tflite, []), key=len)
    if _decodes_to(archive, tflite, stage_progress(progress, "check")):
        return archive
    archive = encode_content(tflite, [])
    if _decodes_to(archive, tflite):
        return archive
    raise RuntimeError("The archive does not decode to its source; nothing was written.")


def _structure_size(tflite: bytes, regions: list[Region]) -> int:
    return len(tflite) - sum(bytes_of(region.representation) for region in regions)


def _surplus_zeros(
    tflite: bytes, regions: list[Region], buffers: list[WeightBuffer]
) -> list[Region]:
    """Runs of zeros without which structure is no longer too large for its model by little.

    Where it is too large by more than a quarter, so many of them cost too much.
    """
    coded = [range(r.offset, r.offset + bytes_of(r.representation)) for r in regions]
    excess = _structure_size(tflite, regions) - MAX_STRUCTURE
    if excess > MAX_STRUCTURE // 4:
        return []
    taken, end = [], 0
    weights = [range(b.offset, b.offset + b.size) for b in buffers]
    for span in sorted([*coded, *weights], key=lambda span: span.start):
        if span.stop > end:
            taken.append(range(max(span.start, end), span.stop))
            end = span.stop
    return zero_regions(tflite, taken, excess)


def _disjoint(regions: list[Region]) -> list[Region]:
    """Regions in ascending order, without those that overlap an earlier one."""
    result, end = [], 0
    for region in sorted(regions, key=lambda r: r.offset):
        if region.offset >= end:
            result.append(region)
            end = region.offset + bytes_of(region.representation)
    return result


def stage_progress(progress: StageProgress | None, stage: str) -> Progress | None:
    """Returns what to tell the progress of one stage to; `None` where nobody listens."""
    return functools.partial(progress, stage) if progress else None


def _decodes_to(archive: bytes, content: bytes, progress: Progress | None = None) -> bool:
    try:
        return decode_archive(archive, progress) == content
    except CorruptFileError:
        return False


def decompress_bytes(ecz: bytes) -> bytes:
    """Decompresses the content of an .ecz file.

    Args:
        ecz: What `compress_bytes` returned.

    Returns:
        The .tflite file's content.

    Raises:
        CorruptFileError: If `ecz` is damaged, truncated or no .ecz file.
    """
    return decode_archive(bytes(ecz))


def compress_file(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> int:
    """Compresses a .tflite file into an .ecz file.

    Args:
        source: Path of the .tflite file.
        target: Path of the .ecz file, written atomically.

    Returns:
        Size of the .ecz file in bytes.

    Raises:
        ValueError: If `source` is no TensorFlow Lite flatbuffer, or is the target.
        OSError: If a file cannot be read or written. An existing target is then unchanged.
    """
    if os.path.exists(target) and os.path.samefile(source, target):
        raise ValueError(f"{os.fspath(target)}: expected a target other than the source.")
    with open(source, "rb") as file:
        content = file.read()
    try:
        archive = compress_bytes(content)
    except ValueError as error:
        raise ValueError(f"{os.fspath(source)}: {error}") from error
    write_atomically(target, archive)
    return len(archive)
