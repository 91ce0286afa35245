"""Integer arrays by name, as one byte string: the coder of .ecz files for bare arrays."""

import math
from collections.abc import Mapping

import numpy as np

from keras_ec.coding.adaptive_bits import AdaptiveUint, code_bounded
from keras_ec.coding.container import MAX_EXPANSION, max_tensors
from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.integer_matrix import MAX_MAGNITUDE
from keras_ec.coding.integer_tensor import History, StaticFrom, code_integers, static_from
from keras_ec.coding.range_coder import BitCoder, bit_decoder, bit_encoder
from keras_ec.coding.seal import check_seal, seal, unseal
from keras_ec.coding.static_tensor import SideStreams
from keras_ec.coding.varint import ByteReader, write_varint

MAGIC = b"ECT"
MAX_RANK = 32
_DTYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
_MAX_NAME = 1 << 12


def encode_tensors(tensors: Mapping[str, np.ndarray]) -> bytes:
    """Encodes integer arrays.

    Args:
        tensors: Arrays by name, any shape, integer dtype, magnitudes below `2**31`. Names are at
            most 4096 bytes of UTF-8.

    Returns:
        The bytes, which `decode_tensors` turns back into the same arrays, in native byte order.

    Raises:
        TypeError: If an array is not of an integer dtype, or a name no text.
        ValueError: If a value or a name is too large, or the shape of an empty array.

    Example:
        >>> data = encode_tensors({"kernel": np.zeros((784, 300), np.int8)})
        >>> decode_tensors(data)["kernel"].shape
        (784, 300)
    """
    arrays = {name: np.asarray(values) for name, values in tensors.items()}
    least = _least_size(arrays)
    encoder, side = bit_encoder(), SideStreams()
    fields = _Fields(encoder, side, static_from(sum(a.size for a in arrays.values())))
    fields.count.code(encoder, len(arrays))
    for name, values in arrays.items():
        _check_name(name)
        if values.dtype.name not in _DTYPES:
            raise TypeError(
                f"Expected arrays of an integer dtype. Received: {values.dtype} for {name!r}"
            )
        if values.size and max(-int(values.min()), int(values.max())) > MAX_MAGNITUDE:
            raise ValueError(f"Expected magnitudes below 2**31. Received: larger ones in {name!r}")
        fields.code(name, values)
    stream = encoder.finish()
    stream = stream.ljust(least - sum(map(len, side.parts)), b"\0")
    body = b"".join([write_varint(len(stream)), stream, *side.parts])
    return seal(MAGIC, body, map(_little_endian, arrays.values()))


def _check_name(name: str) -> None:
    if not isinstance(name, str):
        raise TypeError(f"Expected names that are text. Received: {name!r}")
    size = len(name.encode(errors="replace"))
    if size > _MAX_NAME or name != name.encode(errors="replace").decode():
        raise ValueError(
            f"Expected names of at most {_MAX_NAME} bytes of UTF-8. Received one of {size} that "
            f"begins with {name[:40]!r}"
        )


def _least_size(arrays: Mapping[str, np.ndarray]) -> int:
    """Bytes that a file must have at least for its decoder to believe in these arrays."""
    elements, most = 0, 0
    for name, values in arrays.items():
        claimed = math.prod(n for n in values.shape if n)
        if values.size == 0 and claimed > MAX_EXPANSION:
            raise ValueError(
                f"Expected empty arrays whose other lengths multiply to {MAX_EXPANSION} at most. "
                f"Received: shape {values.shape} for {name!r}"
            )
        most = max(most, elements + claimed)
        elements += values.size
    return max(-(-most // MAX_EXPANSION), -(-len(arrays) // 8))


def decode_tensors(data: bytes) -> dict[str, np.ndarray]:
    """Decodes what `encode_tensors` returned.

    Args:
        data: The bytes.

    Returns:
        Arrays by name, in the order, shapes and dtypes they were given.

    Raises:
        CorruptFileError: If `data` is damaged or not made by `encode_tensors`.
    """
    checksum, body = unseal(MAGIC, data)
    reader = ByteReader(body)
    stream = reader.take(reader.varint("stream size"), "stream")
    side = SideStreams(reader.view(reader.remaining(), "symbol streams"))
    decoder = bit_decoder(stream)
    fields = _Fields(decoder, side)
    tensors = {}
    left = MAX_EXPANSION * len(data)
    for _ in range(code_bounded(decoder, fields.count, max_tensors(len(data)))):
        name, dtype, values = fields.code(limit=left)
        left -= values.size
        if name in tensors:
            raise CorruptFileError(f"Expected distinct names, found {name!r} twice.")
        tensors[name] = dtype, values
    decoder.finish()
    side.finish()
    result = {name: fields.converted(*item) for name, item in tensors.items()}
    check_seal(checksum, body, map(_little_endian, result.values()))
    return result


def _little_endian(values: np.ndarray) -> bytes:
    values = np.asarray(values)
    return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()


class _Fields:
    """Codes a named array: name, dtype, shape, values."""

    def __init__(
        self, coder: BitCoder, side: SideStreams, static: StaticFrom | None = None
    ) -> None:
        self.count = AdaptiveUint(21)
        self._coder = coder
        self._history = History(side, static)
        self._names, self._dtypes = AdaptiveUint(13), AdaptiveUint(4)
        self._ranks, self._lengths = AdaptiveUint(6), AdaptiveUint(32)

    def code(
        self, name: str | None = None, values: np.ndarray | None = None, limit: int = 1 << 60
    ) -> tuple[str, str, np.ndarray]:
        coder = self._coder
        known = values is not None
        name = self._code_name(name)
        dtype = code_bounded(
            coder,
            self._dtypes,
            len(_DTYPES) - 1,
            _DTYPES.index(values.dtype.name) if known else None,
        )
        rank = code_bounded(coder, self._ranks, MAX_RANK, values.ndim if known else None)
        shape: tuple[int, ...] = ()
        for axis in range(rank):
            shape += (self._lengths.code(coder, values.shape[axis] if known else None),)
            if math.prod(n for n in shape if n) > limit:
                raise CorruptFileError(f"Expected at most {limit} elements, found shape {shape}.")
        if math.prod(shape) == 0:
            return name, _DTYPES[dtype], np.zeros(shape, _DTYPES[dtype])
        coded = code_integers(coder, shape, values, self._history)
        return name, _DTYPES[dtype], coded

    def converted(self, dtype: str, values: np.ndarray) -> np.ndarray:
        """Returns decoded integers in their dtype."""
        info = np.iinfo(dtype)
        if values.size and (int(values.min()) < info.min or int(values.max()) > info.max):
            raise CorruptFileError(f"Expected values of {dtype}, found one out of range.")
        return values.astype(dtype)

    def _code_name(self, name: str | None) -> str:
        known = None if name is None else np.frombuffer(name.encode(), np.uint8)
        size = None if known is None else known.size
        size = code_bounded(self._coder, self._names, _MAX_NAME, size)
        if not size:
            return ""
        coded = code_integers(self._coder, (size,), known)
        if coded.min() < 0 or coded.max() > 255:
            raise CorruptFileError("Expected a name in UTF-8, found something else.")
        try:
            return coded.astype(np.uint8).tobytes().decode()
        except UnicodeDecodeError as error:
            raise CorruptFileError("Expected a name in UTF-8, found something else.") from error
