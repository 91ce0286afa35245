"""General-purpose coding of the bytes that no tensor model covers: stored, structure or LZMA1.

What is left of a network of ordinary size is the structure of its flatbuffer, which has a model of
its own. LZMA1 codes what is larger, such as weights that no representation fits.
"""

import lzma
from collections.abc import Sequence

from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.range_coder_portable import PortableBitDecoder, PortableBitEncoder
from keras_ec.coding.structure_model import MAX_SIZE, code_structure

STORED, STRUCTURE, LZMA = range(3)

_LC_LP_PB = ((3, 0, 2), (0, 0, 0), (0, 2, 2), (1, 2, 2), (3, 0, 0), (0, 0, 2), (0, 2, 0), (2, 2, 2))
_MIN_DICTIONARY = 1 << 12
_MAX_DICTIONARY = 1 << 26
_SEARCH_LIMIT = 1 << 20
_NEGLIGIBLE = 1 << 11
"""What fraction of the rest of a file is worth no time."""


def _dictionary_size(size: int) -> int:
    """Returns the dictionary size that LZMA uses for content of `size` bytes."""
    return min(_MAX_DICTIONARY, max(_MIN_DICTIONARY, 1 << (max(size, 1) - 1).bit_length()))


def _filters(size: int, lc: int, lp: int, pb: int) -> list[dict[str, int]]:
    return [
        {
            "id": lzma.FILTER_LZMA1,
            "dict_size": _dictionary_size(size),
            "lc": lc,
            "lp": lp,
            "pb": pb,
            "mode": lzma.MODE_NORMAL,
            "nice_len": 273,
            "mf": lzma.MF_BT4,
            "depth": 0 if size > _SEARCH_LIMIT else 1000,
        }
    ]


def compress_residual(
    data: bytes, spans: Sequence[range], beside: int = 0
) -> tuple[int, int, bytes]:
    """Compresses bytes with the codec that does best.

    The structure coder, the slowest one, is left out where it can save next to nothing of a file.

    Args:
        data: The bytes.
        spans: The addresses in the content that they come from.
        beside: Number of all other bytes in the file.

    Returns:
        The codec, its parameter (LZMA: `(pb * 5 + lp) * 9 + lc`, else 0), and the coded bytes.
    """
    best = (STORED, 0, data)
    for lc, lp, pb in _LC_LP_PB if len(data) <= _SEARCH_LIMIT else _LC_LP_PB[:1]:
        compressor = lzma.LZMACompressor(lzma.FORMAT_RAW, filters=_filters(len(data), lc, lp, pb))
        coded = compressor.compress(data) + compressor.flush()
        if len(coded) < len(best[2]):
            best = (LZMA, (pb * 5 + lp) * 9 + lc, coded)
    if len(data) <= MAX_SIZE and len(best[2]) * _NEGLIGIBLE > beside:
        encoder = PortableBitEncoder()
        code_structure(encoder, _addresses(spans), data)
        coded = encoder.finish()
        if len(coded) < len(best[2]) and len(data) <= largest_structure(len(coded)):
            best = (STRUCTURE, 0, coded)
    return best


def decompress_residual(codec: int, parameter: int, data: bytes, spans: Sequence[range]) -> bytes:
    """Decompresses what `compress_residual` made of the bytes at some addresses.

    Raises:
        CorruptFileError: If the data does not decode to as many bytes.
    """
    size = sum(len(span) for span in spans)
    if codec == STORED:
        result = data
    elif codec == STRUCTURE:
        result = _decode_structure(data, spans, size)
    elif codec == LZMA:
        result = _decode_lzma(data, parameter, size)
    else:
        raise CorruptFileError(f"Expected codec 0, 1 or 2, found {codec}.")
    if len(result) != size:
        raise CorruptFileError(f"Expected {size} bytes of residual, found {len(result)} or more.")
    return result


def _addresses(spans: Sequence[range]) -> list[int]:
    return [address for span in spans for address in span]


def largest_structure(coded_size: int) -> int:
    """Returns how many bytes of structure a number of coded bytes may hold.

    It keeps a decoder from working long on a small hostile file.
    """
    return min(MAX_SIZE, 1024 + 256 * coded_size)


def _decode_structure(data: bytes, spans: Sequence[range], size: int) -> bytes:
    if size > largest_structure(len(data)):
        raise CorruptFileError(
            f"Expected at most {largest_structure(len(data))} bytes of structure, found {size}."
        )
    decoder = PortableBitDecoder(data)
    result = code_structure(decoder, _addresses(spans))
    decoder.finish()
    return result


def _decode_lzma(data: bytes, parameter: int, size: int) -> bytes:
    pb, rest = divmod(parameter, 45)
    lp, lc = divmod(rest, 9)
    if pb > 4 or lc + lp > 4:
        raise CorruptFileError(f"Expected LZMA parameters, found {parameter}.")
    decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=_filters(size, lc, lp, pb))
    try:
        return decoder.decompress(data, size + 1)
    except lzma.LZMAError as error:
        raise CorruptFileError(f"The compressed bytes are damaged: {error}.") from error
