"""General-purpose coding of the bytes that no tensor model covers: stored, DEFLATE or LZMA1.

DEFLATE begins with a preset dictionary of what .tflite files look like, which more than halves
the structure of a small network. LZMA1 does better where the residual is large.
"""

import lzma
import zlib

from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.structure_dictionary import DICTIONARY

STORED, DEFLATE, LZMA = range(3)

_LC_LP_PB = ((3, 0, 2), (0, 0, 0), (0, 2, 2), (1, 2, 2), (3, 0, 0), (0, 0, 2), (0, 2, 0), (2, 2, 2))
_MIN_DICTIONARY = 1 << 12
_MAX_DICTIONARY = 1 << 26
_SEARCH_LIMIT = 1 << 20


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


def compress_residual(data: bytes) -> tuple[int, int, bytes]:
    """Compresses bytes with the codec that does best.

    Args:
        data: The bytes.

    Returns:
        The codec, its parameter (LZMA: `(pb * 5 + lp) * 9 + lc`, else 0), and the coded bytes.
    """
    best = (STORED, 0, data)
    for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED):
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9, strategy, DICTIONARY)
        coded = deflate.compress(data) + deflate.flush()
        if len(coded) < len(best[2]):
            best = (DEFLATE, 0, coded)
    choices = _LC_LP_PB if len(data) <= _SEARCH_LIMIT else _LC_LP_PB[:1]
    for lc, lp, pb in choices:
        coded = lzma.compress(data, lzma.FORMAT_RAW, filters=_filters(len(data), lc, lp, pb))
        if len(coded) < len(best[2]):
            best = (LZMA, (pb * 5 + lp) * 9 + lc, coded)
    return best


def decompress_residual(codec: int, parameter: int, data: bytes, size: int) -> bytes:
    """Decompresses what `compress_residual` made of `size` bytes.

    Raises:
        CorruptFileError: If the data does not decode to exactly `size` bytes.
    """
    try:
        if codec == STORED:
            result = data
        elif codec == DEFLATE:
            inflate = zlib.decompressobj(-15, DICTIONARY)
            result = inflate.decompress(data, size + 1)
        elif codec == LZMA:
            pb, rest = divmod(parameter, 45)
            lp, lc = divmod(rest, 9)
            if pb > 4 or lc + lp > 4:
                raise CorruptFileError(f"Expected LZMA parameters, found {parameter}.")
            decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=_filters(size, lc, lp, pb))
            result = decoder.decompress(data, size + 1)
        else:
            raise CorruptFileError(f"Expected codec 0, 1 or 2, found {codec}.")
    except (zlib.error, lzma.LZMAError) as error:
        raise CorruptFileError(f"The compressed bytes are damaged: {error}.") from error
    if len(result) != size:
        raise CorruptFileError(f"Expected {size} bytes of residual, found {len(result)} or more.")
    return result
