"""Damages archives in every way there is; a mutant's number determines it entirely.

A mutant is a damaged file under one of three checksums:

plain   whatever the damage left of it
sealed  right for the damaged bytes and the content they were made of
forged  right for the damaged bytes and whatever they decode to, if they do: the file is valid
"""

import contextlib
import dataclasses
import zlib
from unittest import mock

import numpy as np
from seeds import Seed, claims, encode

from keras_ec.coding import container, residual
from keras_ec.coding.range_coder_portable import PortableBitEncoder
from keras_ec.coding.varint import ByteReader, write_varint

PLAIN, SEALED, FORGED = "plain", "sealed", "forged"
_SALT = 20_241
_HEAD = 8
_EXTREMES = (
    *(0, 1, 2, 127, 128, 255, 256, (1 << 14) - 1, 1 << 14, 1 << 16, (1 << 26) + 1),
    *((1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 34, (1 << 34) + 1),
    *(1 << 40, (1 << 62) + 5, (1 << 63) - 1),
)


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A damaged archive.

    Attributes:
        number: What it was made from.
        kind: What was done, for reports.
        checksum: `PLAIN`, `SEALED` or `FORGED`.
        data: The file; under `FORGED` with the checksum of `SEALED`, which the caller replaces.
        seed: What was damaged.
    """

    number: int
    kind: str
    checksum: str
    data: bytes
    seed: Seed


@dataclasses.dataclass
class Fields:
    """The fields of an archive behind its checksum, without any check."""

    size: int
    codec: int
    parameter: int
    coded: bytes
    stream: bytes
    side: bytes

    def join(self, **lengths: bytes) -> bytes:
        """Returns the bytes; `lengths` are other bytes for size, coded_size, stream_size."""
        varints = {
            "size": write_varint(self.size),
            "coded_size": write_varint(len(self.coded)),
            "stream_size": write_varint(len(self.stream)),
            **lengths,
        }
        parts = [varints["size"], bytes([self.codec])]
        if self.codec == residual.LZMA:
            parts.append(bytes([self.parameter]))
        parts += [varints["coded_size"], varints["stream_size"]]
        return b"".join([*parts, self.coded, self.stream, self.side])


def split(data: bytes) -> Fields:
    """Returns the fields of a sound archive."""
    reader = ByteReader(data[_HEAD:])
    size, codec = reader.varint("size"), reader.take(1, "codec")[0]
    parameter = reader.take(1, "parameter")[0] if codec == residual.LZMA else 0
    coded_size, stream_size = reader.varint("size"), reader.varint("size")
    coded, stream = reader.take(coded_size, "residual"), reader.take(stream_size, "stream")
    return Fields(size, codec, parameter, coded, stream, reader.take(reader.remaining(), "side"))


def seal(body: bytes, content: bytes, head: bytes = b"ECZ\1") -> bytes:
    """Returns a file whose checksum is right for a body that decodes to `content`."""
    return head + zlib.crc32(content, zlib.crc32(body)).to_bytes(4, "little") + body


def mutant(number: int, seeds: tuple[Seed, ...]) -> Mutant:
    """Returns a mutant; the same for the same number and seeds.

    Args:
        number: Any integer that is not negative.
        seeds: Archives to damage.
    """
    rng = np.random.default_rng([_SALT, number])
    seed = seeds[rng.integers(len(seeds))]
    checksum = [PLAIN, SEALED, FORGED][rng.choice(3, p=[0.35, 0.25, 0.4])]
    kind = _NAMES[rng.choice(len(_NAMES), p=_SHARES)]
    if kind in _LIES and checksum == PLAIN:
        checksum = SEALED
    start = 0 if checksum == PLAIN else _HEAD
    if kind in _OF_BYTES:
        other = seeds[rng.integers(len(seeds))].data
        data = seed.data[start:]
        if data:
            data = _OF_BYTES[kind](rng, data, other[start:])
    else:
        operation = _OF_FIELDS.get(kind) or _LIES[kind]
        data = seed.data[start:_HEAD] + operation(rng, seed, seeds)
    if checksum != PLAIN:
        data = seal(data, seed.content)
    elif any(data == whole.data for whole in seeds):  # a splice may be the other file, unharmed
        data = bytes([data[0] ^ 1]) + data[1:]
    return Mutant(number, kind, checksum, data, seed)


def _place(rng, data):
    """Returns a position, the first bytes being as likely as all others together."""
    return int(rng.integers(min(len(data), 24) if rng.random() < 0.3 else len(data)))


def _flip_bits(rng, data, other):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        data[_place(rng, data)] ^= 1 << rng.integers(8)
    return bytes(data)


def _set_bytes(rng, data, other):
    data = bytearray(data)
    start = _place(rng, data)
    stop = min(len(data), start + int(rng.choice([1, 1, 2, 4, 16])))
    pattern = rng.choice([0, 255, 127, 128, -1])
    data[start:stop] = (
        rng.integers(0, 256, stop - start, np.uint8).tobytes()
        if pattern < 0
        else bytes([pattern]) * (stop - start)
    )
    return bytes(data)


def _truncate(rng, data, other):
    return data[: rng.integers(len(data))]


def _extend(rng, data, other):
    count = int(rng.choice([1, 2, 4, 40]))
    tail = rng.integers(0, 256, count, np.uint8).tobytes()
    return data + (bytes(count) if rng.random() < 0.3 else tail)


def _delete(rng, data, other):
    start = _place(rng, data)
    return data[:start] + data[start + int(rng.integers(1, 20)) :]


def _insert(rng, data, other):
    start = _place(rng, data)
    chunk = rng.integers(0, 256, rng.integers(1, 20), np.uint8).tobytes()
    return data[:start] + chunk + data[start:]


def _duplicate(rng, data, other):
    start, count = _place(rng, data), int(rng.integers(1, 60))
    target = _place(rng, data)
    return data[:target] + data[start : start + count] + data[target:]


def _splice(rng, data, other):
    return data[: _place(rng, data) + 1] + other[_place(rng, other) :]


def _length_field(rng, seed, seeds):
    """Sets a length to an extreme, or writes it in a form that is not its shortest."""
    fields = split(seed.data)
    name = ["size", "coded_size", "stream_size"][rng.integers(3)]
    true = {"size": fields.size, "coded_size": len(fields.coded)}.get(name, len(fields.stream))
    choice = rng.random()
    if choice < 0.6:
        value = write_varint(int(rng.choice(np.array(_EXTREMES, object))))
    elif choice < 0.9:
        step = int(rng.integers(-3, 4))
        value = write_varint(max(0, [true + step, true * 2, true // 2][rng.integers(3)]))
    else:
        shortest = write_varint(true)
        value = shortest[:-1] + bytes([shortest[-1] | 0x80, *[0x80] * rng.integers(12), 0])
    return fields.join(**{name: value})


def _codec(rng, seed, seeds):
    """Names another codec, another parameter of LZMA, or another seed's residual."""
    fields = split(seed.data)
    choice = rng.integers(3)
    if choice == 0:
        fields.codec = int(rng.choice([0, 1, 2, 3, 255]))
    elif choice == 1:
        fields.codec, fields.parameter = residual.LZMA, int(rng.integers(256))
    else:
        other = split(seeds[rng.integers(len(seeds))].data)
        fields.codec, fields.parameter, fields.coded = other.codec, other.parameter, other.coded
    return fields.join()


def _random_part(rng, seed, seeds):
    """Replaces the residual, the main stream or the symbol streams by other bytes."""
    fields = split(seed.data)
    name = ["coded", "stream", "side"][rng.integers(3)]
    size = int(rng.choice([0, 1, 4, 30, 200, len(getattr(fields, name))]))
    filler = int(rng.choice([0, 255, -1]))
    part = bytes([filler]) * size if filler >= 0 else rng.integers(0, 256, size, np.uint8).tobytes()
    setattr(fields, name, part)
    if rng.random() < 0.3:
        fields.size = int(rng.choice([0, 1, 300, 1 << 16, 1 << 22]))
    return fields.join()


def _claim(rng, seed, seeds):
    """Declares a thousand times the size of the file, or a little more or less."""
    source = claims()[rng.integers(len(claims()))]
    fields = split(source.data)
    fields.size += int(rng.choice([0, 0, 0, -1, 1, 1 << 20]))
    body = fields.join()
    return _flip_bits(rng, body, b"") if rng.random() < 0.4 else body


class _Liar:
    """An encoder that turns some decisions around: the models on both sides believe it.

    Args:
        rng: Source of randomness.
        calls: Calls in which one decision is turned around, or all.
    """

    decoding = False

    def __init__(self, rng: np.random.Generator, calls: set[int]) -> None:
        self._inner = PortableBitEncoder()
        self._rng, self._calls, self._number = rng, calls, 0

    def _lies(self) -> bool:
        self._number += 1
        return self._number - 1 in self._calls

    def code(self, p: np.ndarray, bits: np.ndarray | None = None) -> np.ndarray:
        """Encodes bits; returns what was encoded."""
        bits = np.array(bits, np.int32)
        if bits.size and self._lies():
            bits[slice(None) if self._rng.random() < 0.2 else self._rng.integers(bits.size)] ^= 1
        return self._inner.code(p, bits)

    def code_bit(self, p: int, bit: int | None = None) -> int:
        """Encodes a bit; returns what was encoded."""
        return self._inner.code_bit(p, int(bit) ^ self._lies())

    def finish(self) -> bytes:
        """Returns the encoded bytes."""
        return self._inner.finish()


def _lying_model(rng, seed, seeds):
    """Encodes again with some decisions of the main stream turned around.

    Where the encoder cannot go on with what it believes, the stream ends.
    """
    early = rng.random() < 0.7
    calls = set(rng.integers(0, 60 if early else 600, rng.integers(1, 4)).tolist())
    liar = _Liar(rng, calls)
    fields = split(seed.data)
    with (
        mock.patch.object(container, "bit_encoder", lambda: liar),
        contextlib.suppress(ValueError, IndexError, OverflowError, TypeError),
    ):
        return encode(seed.content, seed.regions, residual.STORED, seed.static)[_HEAD:]
    fields.stream = liar.finish() + bytes(rng.integers(0, 3))
    return fields.join()


def _lying_structure(rng, seed, seeds):
    """Encodes the residual again with some decisions turned around."""
    calls = set(rng.integers(0, 8 * len(seed.content) + 1, rng.integers(1, 4)).tolist())
    liar = _Liar(rng, calls)
    fields = split(seed.data)
    with (
        mock.patch.object(residual, "PortableBitEncoder", lambda: liar),
        contextlib.suppress(ValueError, IndexError, OverflowError, TypeError),
    ):
        fields = split(encode(seed.content, seed.regions, static=seed.static))
    if rng.random() < 0.5:
        fields.size += int(rng.choice([-1, 1, 40]))
    return Fields(**{**vars(fields), "size": max(0, fields.size)}).join()


_OF_BYTES = {
    "flipped bits": _flip_bits,
    "set bytes": _set_bytes,
    "truncation": _truncate,
    "extension": _extend,
    "deleted chunk": _delete,
    "inserted chunk": _insert,
    "duplicated chunk": _duplicate,
    "splice": _splice,
}
_OF_FIELDS = {
    "length field": _length_field,
    "codec": _codec,
    "exchanged part": _random_part,
    "large claim": _claim,
}
_LIES = {"lying model": _lying_model, "lying structure": _lying_structure}
_NAMES = [*_OF_BYTES, *_OF_FIELDS, *_LIES]
_SHARES = np.array([25, 12, 8, 5, 6, 6, 5, 6, 9, 5, 6, 1, 5, 1]) / 100
