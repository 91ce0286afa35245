"""The decoders under test, behind one interface: bytes in, content out, `None` if refused."""

import contextlib
import ctypes
import functools
import importlib
import os
import shutil
import subprocess
import tempfile
from collections import OrderedDict
from unittest import mock

import numpy as np
from seeds import seeds

from keras_ec.coding import container, range_coder_tfc
from keras_ec.coding.container import decode_content
from keras_ec.coding.errors import CorruptFileError

SOURCE = os.path.join(os.path.dirname(__file__), "..", "..", "keras_ec", "c_decoder")
_CANARY = np.frombuffer(b"not to be written" * 4, np.uint8)
_REMEMBERED = 32


class DecoderFault(Exception):
    """A decoder did what it must not do."""


class _Remembered:
    """Decodes a residual once for all decoders in Python, whose code for it is the same."""

    def __init__(self) -> None:
        self._results: OrderedDict = OrderedDict()

    def __call__(self, codec, parameter, data, spans):
        key = codec, parameter, data, tuple(spans)
        if key not in self._results:
            try:
                self._results[key] = _decompress(codec, parameter, data, spans), None
            except CorruptFileError as error:
                self._results[key] = None, str(error)
            if len(self._results) > _REMEMBERED:
                self._results.popitem(last=False)
        self._results.move_to_end(key)
        result, message = self._results[key]
        if message is not None:
            raise CorruptFileError(message)
        return result


_decompress = container.decompress_residual
_remembered = _Remembered()


def _ignore_seal(*_: object) -> None:
    """Accepts any checksum."""


class PythonDecoder:
    """The decoder in Python, with one of its two range coders.

    Args:
        tfc: Whether TensorFlow Compression decodes symbol streams.

    Attributes:
        memory_factor: Bytes that it may take for each byte of content that a file declares.
    """

    memory_factor = 12

    def __init__(self, tfc: bool) -> None:
        self.name = "TensorFlow Compression" if tfc else "portable"
        self._tfc = tfc

    def __call__(self, data: bytes, checked: bool = True) -> bytes | None:
        """Returns the content, `None` if the file is refused; any other error is the caller's.

        Args:
            data: The file.
            checked: Whether the checksum is verified.
        """
        with contextlib.ExitStack() as stack:
            stack.enter_context(
                mock.patch.object(range_coder_tfc, "is_available", lambda: self._tfc)
            )
            stack.enter_context(mock.patch.object(container, "decompress_residual", _remembered))
            if not checked:
                stack.enter_context(mock.patch.object(container, "check_seal", _ignore_seal))
            try:
                return decode_content(data)
            except CorruptFileError:
                return None


class CDecoder:
    """The decoder in C, built with traps for undefined behaviour, and canaries in its memory."""

    name = "C"
    memory_factor = 3
    _DAMAGED, _VERSION, _ARENA_TOO_SMALL, _TOO_LARGE = 1, 2, 4, 5
    _TENSORS = 128
    """Bytes of arena for each byte of file: 16 a tensor, of which a byte of file can claim 8."""

    _FIXED_ARENA = 1 << 22

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "decoder.so")
            flags = ["-O1", "-shared", "-fPIC", "-fsanitize=undefined", "-std=c99"]
            flags += ["-fsanitize-undefined-trap-on-error", "-fno-sanitize-recover"]
            source = os.path.join(SOURCE, "ecz_decoder.c")
            subprocess.run(["gcc", *flags, "-o", path, source], check=True)
            self._library = ctypes.CDLL(path)

    def __call__(self, data: bytes) -> bytes | None:
        """Returns the content, `None` if the file is refused.

        Raises:
            DecoderFault: If memory beside the buffers was written, the arena that it asks for is
                too small or too large, or a status is not one that the file explains.
        """
        library, size, arena_size = self._library, ctypes.c_uint64(), ctypes.c_uint64()
        file = ctypes.create_string_buffer(data, len(data)) if data else None
        count = ctypes.c_size_t(len(data))
        status = library.ecz_content_size(file, count, ctypes.byref(size))
        if status == 0:
            status = library.ecz_arena_size(file, count, ctypes.byref(arena_size))
        if status:
            return self._refused(status)
        if arena_size.value > size.value + self._TENSORS * len(data) + self._FIXED_ARENA:
            raise DecoderFault(f"An arena of {arena_size.value} bytes for {size.value} of content")
        content = _guarded(size.value)
        status = self._decode(file, count, content, size.value, arena_size.value)
        if status == self._ARENA_TOO_SMALL:  # the exception that the header names
            arena = 3 * size.value + arena_size.value
            status = self._decode(file, count, content, size.value, arena)
        return self._refused(status) if status else content[: size.value].tobytes()

    def _decode(self, file, count, content, size, arena_size):
        arena = _guarded(arena_size)
        status = self._library.ecz_decode(
            file,
            count,
            content.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_size_t(size),
            arena.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_size_t(arena_size),
        )
        for name, memory in (("content", content), ("arena", arena)):
            if (memory[-_CANARY.size :] != _CANARY).any():
                raise DecoderFault(f"Bytes behind the {name} were written")
        return status

    def _refused(self, status: int) -> None:
        if status not in (self._DAMAGED, self._VERSION, self._TOO_LARGE):
            raise DecoderFault(f"Status {status} for a file in buffers of the sizes asked for")


def _guarded(size: int) -> np.ndarray:
    memory = np.empty(size + _CANARY.size, np.uint8)
    memory[size:] = _CANARY
    return memory


@functools.cache
def available_decoders() -> tuple[tuple, tuple[str, ...]]:
    """Returns the decoders that can be run here, and why others cannot; the portable one first."""
    decoders, missing = [PythonDecoder(tfc=False)], []
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with contextlib.suppress(ImportError):
        importlib.import_module("tensorflow")
    if range_coder_tfc.is_available():
        decoders.append(PythonDecoder(tfc=True))
    else:
        missing.append("TensorFlow Compression: it cannot be imported")
    if not shutil.which("gcc"):
        missing.append("C: gcc was not found")
    else:
        decoders.append(CDecoder())
    for seed in seeds():  # what is computed once does not count as memory of a mutant
        for decoder in decoders:
            decoder(seed.data)
    return tuple(decoders), tuple(missing)
