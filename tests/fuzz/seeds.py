"""Small archives that mutations start from: every representation, every codec of the residual."""

import contextlib
import dataclasses
import functools
import os
import sys
from unittest import mock

import numpy as np

from keras_ec.coding import container, integer_tensor, residual
from keras_ec.coding.container import Region, encode_content
from keras_ec.coding.representation import (
    as_alphabet,
    as_integers,
    as_product,
    as_tables,
)
from keras_ec.coding.static_tensor import MIN_ELEMENTS
from keras_ec.deploy.weight_buffers import find_weight_buffers

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "deploy"))
from tflite_builder import build_tflite


@dataclasses.dataclass(frozen=True)
class Seed:
    """An archive and what it is made of.

    Attributes:
        name: What it is an example of.
        data: The archive.
        content: What it decodes to.
        regions: The tensors in it.
        codec: Codec of the residual that the encoder was made to take; `None` for its choice.
        static: Whether the encoder was made to code large tensors with fixed tables.
    """

    name: str
    data: bytes
    content: bytes
    regions: tuple[Region, ...]
    codec: int | None = None
    static: bool = False


def encode(
    content: bytes,
    regions: tuple[Region, ...],
    codec: int | None = None,
    static: bool = False,
) -> bytes:
    """Returns the archive of content.

    Args:
        content: What it is to decode to.
        regions: The tensors in it.
        codec: `STORED`, or `None` for the encoder's choice.
        static: Whether tensors are coded with fixed tables where the format allows it.
    """

    def stored(data: bytes, *_: object) -> tuple[int, int, bytes]:
        return codec, 0, data

    def large(values: np.ndarray, *_: object) -> bool:
        return values.size >= MIN_ELEMENTS

    with contextlib.ExitStack() as stack:
        if codec is not None:
            stack.enter_context(mock.patch.object(container, "compress_residual", stored))
        if static:
            stack.enter_context(mock.patch.object(integer_tensor, "_prefers_static", large))
        return encode_content(content, regions)


def _seed(name, arrays, represent=None, codec=None, static=False):
    content = build_tflite(arrays, alignment=4)
    regions = []
    for buffer in find_weight_buffers(content) if represent else []:
        count = buffer.size // buffer.itemsize
        bits = np.frombuffer(content, f"<u{buffer.itemsize}", count, buffer.offset)
        item = represent(bits.reshape(buffer.shape))
        assert item is not None, name
        regions.append(Region(buffer.offset, item))
    regions = tuple(regions)
    data = encode(content, regions, codec, static)
    return Seed(name, data, content, regions, codec, static)


def _sparse(rng, shape):
    return (rng.integers(-3, 4, shape) * (rng.random(shape) < 0.2)).astype(np.float32)


def _channels(rng, shape):
    scale = rng.lognormal(size=(shape[0],) + (1,) * (len(shape) - 1)).astype(np.float32)
    return _sparse(rng, shape) * scale


def _free(rng, shape):
    return rng.choice(rng.normal(size=4).astype(np.float32), shape)


def _dense(rng, shape):
    return (1 + (rng.random(shape) < 0.04)).astype(np.int8)


def _structure():
    return bytes(np.random.default_rng(0).permutation(np.arange(250) // 40).astype(np.uint8))


@functools.cache
def seeds() -> tuple[Seed, ...]:
    """Returns the archives, of 60 to 900 bytes each, in a fixed order."""
    rng = np.random.default_rng(0)
    stored = residual.STORED
    kernel, images = (12, 10), (3, 4, 4, 2)
    whole = functools.partial(as_product, axis=0)
    by_row = functools.partial(as_product, axis=1)
    two = {"a": _sparse(rng, (9, 12)), "b": _sparse(rng, (12, 5)), "c": _sparse(rng, (5,))}
    more = {"k": _dense(rng, (4, 48, 96)), "m": two["a"].astype(np.int8)}
    return (
        _seed("alphabet", {"k": _free(rng, kernel)}, as_alphabet, stored),
        _seed("product", {"k": _sparse(rng, kernel)}, whole, stored),
        _seed("product by channel", {"k": _channels(rng, images)}, by_row, stored),
        _seed("tables", {"k": _free(rng, kernel)}, functools.partial(as_tables, axis=2), stored),
        _seed("int8", {"k": _sparse(rng, kernel).astype(np.int8)}, as_integers, stored),
        _seed("int16", {"k": rng.integers(-900, 900, 40, np.int16)}, as_integers, stored),
        _seed("int32", {"k": rng.integers(-(2**30), 2**30, 12, np.int32)}, as_integers, stored),
        _seed("links", two, as_alphabet, stored),
        _seed("symbols", {"k": _dense(rng, (128, 128))}, as_integers, stored, True),
        _seed("more symbols", more, as_integers, stored, True),
        _seed("structure", {"k": _sparse(rng, kernel)}, whole),
        _seed("structure alone", {"k": _free(rng, (5, 2))}),
        _plain("stored", rng.integers(0, 256, 60, np.uint8).tobytes()),
        _plain("LZMA", _structure() * 160),
        _plain("empty", b""),
    )


@functools.cache
def claims() -> tuple[Seed, ...]:
    """Returns archives of less than 1 kB that declare 4 MiB of content, all zero."""
    content = bytes(1 << 22)
    wide = (1 << 10, 1 << 12)
    found = [_plain("LZMA claim", content)]
    for name, item in {
        "int8 claim": as_integers(np.zeros(wide, np.uint8)),
        "int16 claim": as_integers(np.zeros((1 << 11, 1 << 10), np.uint16)),
        "alphabet claim": as_alphabet(np.zeros(wide, np.uint8)),
        "vector claim": as_integers(np.zeros(1 << 22, np.uint8)),
        "product claim": as_product(np.zeros((1 << 10, 1 << 10), np.uint32), 1),
        "column claim": as_alphabet(np.zeros((1 << 20, 1), np.uint32)),
    }.items():
        regions = (Region(0, item),)
        found.append(Seed(name, encode(content, regions), content, regions))
    return tuple(found)


def _plain(name, content):
    return Seed(name, encode_content(content, ()), content, ())
