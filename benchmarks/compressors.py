"""General-purpose compressors, at their strongest usual setting."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Callable

import zstandard

Function = Callable[[bytes], bytes]

COMPRESSORS: dict[str, tuple[Function, Function]] = {
    "none": (bytes, bytes),
    "gzip": (lambda content: gzip.compress(content, 9, mtime=0), gzip.decompress),
    "zstd": (
        lambda content: zstandard.ZstdCompressor(level=19).compress(content),
        lambda content: zstandard.ZstdDecompressor().decompress(content),
    ),
    "xz": (
        lambda content: lzma.compress(content, preset=9 | lzma.PRESET_EXTREME),
        lzma.decompress,
    ),
}
"""By name: compress as `gzip -9`, `zstd -19` or `xz -9e` do, and decompress."""
