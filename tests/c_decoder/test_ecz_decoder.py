"""The decoder in C against the one in Python, byte for byte.

Run as a program, it writes the dictionary and the weights of `structure_prior` to the C source.
"""

import functools
import lzma
import math
import os
import platform
import re
import shutil
import struct
import subprocess
import zlib

import numpy as np
import pytest

from keras_ec.coding import CorruptFileError, container, integer_tensor, residual
from keras_ec.coding.adaptive_bits import AdaptiveUint, code_raw_bits, code_signed
from keras_ec.coding.container import Region, decode_content, encode_content
from keras_ec.coding.range_coder import bit_encoder
from keras_ec.coding.representation import (
    INTEGERS,
    NO_AXIS,
    PRODUCT,
    Representation,
    as_alphabet,
    as_integers,
    as_tables,
    to_bits,
)
from keras_ec.coding.seal import seal, unseal
from keras_ec.coding.structure_prior import DICTIONARY, WEIGHTS
from keras_ec.coding.varint import ByteReader, write_varint

_HERE = os.path.dirname(__file__)
_SOURCES = os.path.join(_HERE, "..", "..", "keras_ec", "c_decoder")
_DECODER = os.path.join(_SOURCES, "ecz_decoder.c")
_GOLDEN = os.path.join(_HERE, "..", "golden")
_COMPILERS = [name for name in ("gcc", "clang", "cc") if shutil.which(name)]
_OK, _DAMAGED, _CONTENT_TOO_SMALL, _ARENA_TOO_SMALL = 0, 1, 3, 4
_DEFAULT = (1 << 64) - 1
_STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]

pytestmark = pytest.mark.skipif(not _COMPILERS, reason="needs a C compiler: gcc, clang or cc")


def _build(program, *target):
    """Builds the harness with sanitizers; `target` are further options of the compiler."""
    sources = [_DECODER, os.path.join(_HERE, "harness.c")]
    checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    flags = ["-std=c99", "-O1", "-g", *checks, f"-I{_SOURCES}", *target]
    command = [_COMPILERS[0], *flags, *sources, "-o", program]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def _program(tmp_path_factory):
    """Returns the path of the harness."""
    program = str(tmp_path_factory.mktemp("c_decoder") / "harness")
    _build(program)
    return program


def _decode_with(program, files, arenas=None, buffers=None):
    """Decodes files in one process of the harness.

    Args:
        program: Its path.
        files: What to decode.
        arenas: Sizes of the arenas; those asked for unless given.
        buffers: Sizes of the content buffers, likewise.

    Returns:
        For each file status, size of the content, size of the arena that is certainly enough, and
        CRC-32 of the content.
    """
    arenas, buffers = arenas or [_DEFAULT] * len(files), buffers or [_DEFAULT] * len(files)
    fields = zip(files, arenas, buffers, strict=True)
    batch = [struct.pack("<QQQ", len(f), arena, size) + f for f, arena, size in fields]
    done = subprocess.run([program], input=b"".join(batch), capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()[-4000:]
    return [tuple(map(int, line.split())) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def _decode(_program):
    return functools.partial(_decode_with, _program)


def _expect(results, contents):
    expected = [(_OK, len(content), zlib.crc32(content)) for content in contents]
    assert [(status, size, crc) for status, size, _, crc in results] == expected


# ---- Files ----


def _product(integers, axis, rng):
    channels = integers.shape[axis - 1] if axis else 1
    scales = rng.uniform(1e-3, 0.1, channels) * rng.choice([1, 1, 1, -1], channels)
    bits = scales.astype(np.float32).view(np.uint32)
    return Representation(PRODUCT, 4, integers.shape, axis, integers.astype(np.int32), scales=bits)


_SHAPES = [
    *[(1,), (7,), (33,), (300,), (20, 30), (9, 40), (40, 9), (3, 3, 4, 8), (5, 5, 1, 6)],
    *[(2, 3, 2, 2, 3, 4), (2,) * 8, (1, 1, 50), (64, 12), (12, 64), (3, 3, 12, 2), (70, 33)],
    *[(49, 16), (3, 130), (45, 97)],
]
_LARGEST = [1, 1, 2, 3, 7, 15, 100, 30000, 1 << 23]


def _integers(shape, rng):
    largest = int(rng.choice(_LARGEST))
    values = np.minimum(*rng.integers(1, largest + 1, (2, *shape)))
    signs = rng.choice([[1], [-1], [-1, 1]][rng.integers(3)], shape)
    return values * signs * (rng.random(shape) < rng.choice([0.03, 0.2, 0.6, 1]))


def _float_alphabet(values, rng):
    distinct, index = np.unique(values, return_inverse=True)
    levels = np.sort(rng.normal(size=distinct.size).astype(np.float32))
    return as_alphabet(levels[index.reshape(values.shape)].view(np.uint32))


def _tables(values, rng):
    axis = int(rng.integers(1, values.ndim + 1))
    floats = np.clip(values, -20, 20) * np.float32(0.37)
    if rng.random() < 0.5:
        lengths = [-1 if i == axis - 1 else 1 for i in range(values.ndim)]
        floats = floats * rng.normal(1, 0.01, values.shape[axis - 1]).reshape(lengths)
    floats = np.where(floats == 0, rng.choice([0.0, -0.0]), floats).astype(np.float32)
    return as_tables(floats.view(np.uint32), axis)


def _representation(shape, rng):
    values = _integers(shape, rng)
    kind, itemsize = rng.integers(5), int(rng.choice([1, 2, 4]))
    if kind == 0:
        return _float_alphabet(values, rng) if np.unique(values).size < 4000 else None
    if kind == 1:
        return _product(values, int(rng.integers(len(shape) + 1)), rng)
    if kind == 2:
        return _tables(values, rng)
    if kind == 3:
        low, high = np.iinfo(f"i{itemsize}").min + (itemsize == 4), np.iinfo(f"i{itemsize}").max
        return as_integers(np.clip(values, low, high).astype(f"<i{itemsize}").view(f"<u{itemsize}"))
    itemsize = min(itemsize, 2)
    return as_alphabet((values & (1 << 8 * itemsize) - 1).astype(f"<u{itemsize}"))


def _content(items, rng):
    """Returns a content with tensors, some behind their size, and their regions."""
    content, regions = b"", []
    for item in items:
        if item is None:
            continue
        data = np.ascontiguousarray(to_bits(item)).tobytes()
        content += rng.integers(0, 256, rng.integers(9), np.uint8).tobytes()
        content += rng.choice([b"", b"gap ", len(data).to_bytes(4, "little")])
        regions.append(Region(len(content), item))
        content += data
    return content + b"the tail" * int(rng.integers(3)), regions


def _stored(data, *_):
    return residual.STORED, 0, data


def _compressed(lc, lp, pb, end_mark=True):
    def compress(data, *_):
        filters = residual._filters(len(data), lc, lp, pb)
        coded = lzma.compress(data, lzma.FORMAT_RAW, filters=filters)
        return residual.LZMA, (pb * 5 + lp) * 9 + lc, coded

    return compress


_CODECS = [
    *[residual.compress_residual, _stored, _compressed(3, 0, 2), _compressed(0, 0, 0)],
    *[_compressed(0, 2, 2), _compressed(1, 3, 4), _compressed(4, 0, 1)],
]


def _encoded(items, rng, codec):
    content, regions = _content(items, rng)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(container, "compress_residual", codec)
        return content, encode_content(content, regions)


def _flatbuffer(seed):
    """Returns bytes with tables and vtables, in front of and behind one another."""
    rng = np.random.default_rng(seed)
    data = bytearray(rng.choice([0, 0, 0, 1, 4, 8, 12], 600).astype(np.uint8).tobytes())
    for place in range(0, 480, 40):
        vtable = place + int(rng.choice([8, 20])) * int(rng.choice([-1, 1]))
        if vtable >= 0:
            struct.pack_into("<i", data, place, place - vtable)
            struct.pack_into("<HH", data, vtable, 8, 12)
            struct.pack_into("<I", data, max(place - 12, 0), 12)
    return bytes(data)


def _small_files():
    """Returns bodies of small files, which Python decodes fast."""
    bodies = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        shapes = [(3, 5), (12,), (2, 3, 4), (20,), (6, 9)]
        items = [_representation(shapes[rng.integers(5)], rng) for _ in range(rng.integers(4))]
        _, file = _encoded(items, rng, _CODECS[seed % len(_CODECS)])
        bodies.append(unseal(container.MAGIC, file)[1])
    return bodies


# ---- Tests ----


def _golden_files():
    files = []
    for name in sorted(os.listdir(_GOLDEN)):
        if name.endswith(".ecz"):
            with open(os.path.join(_GOLDEN, name), "rb") as file:
                files.append(file.read())
    return files


def test_golden_files(_decode):
    _expect(_decode(_golden_files()), [decode_content(file) for file in _golden_files()])


def test_32_bits(tmp_path):
    program, rng = str(tmp_path / "harness32"), np.random.default_rng(9)
    try:
        _build(program, "-m32")
    except subprocess.CalledProcessError:
        pytest.skip("needs a compiler with libraries for 32 bits, such as gcc-multilib")
    items = [_representation(shape, rng) for shape in [(70, 33), (3, 3, 12, 2), (300,)]]
    files = [*_golden_files(), *(_encoded(items, rng, codec)[1] for codec in _CODECS)]
    _expect(_decode_with(program, files), [decode_content(file) for file in files])


def test_many_models(_decode, monkeypatch):
    contents, files = [], []
    for seed in range(56):
        rng = np.random.default_rng(seed)
        if seed == 28:  # from here on short vectors are matrices too
            monkeypatch.setattr(integer_tensor, "_prefers_flat", lambda values: False)
        shapes = [_SHAPES[rng.integers(len(_SHAPES))] for _ in range(rng.integers(6))]
        items = [_representation(shape, rng) for shape in shapes]
        content, file = _encoded(items, rng, _CODECS[seed % len(_CODECS)])
        contents.append(content)
        files.append(file)
    _expect(_decode(files), contents)


@pytest.mark.parametrize("related", ["picture", "rows", "columns"])
def test_related_matrices(_decode, related):
    rng = np.random.default_rng(3)
    live = rng.random(64) < 0.3
    if related == "picture":
        rows, columns = np.divmod(np.arange(28 * 28), 28)
        blob = np.hypot(rows - 14, columns - 14) < 8
        matrices = [blob[:, None] * (rng.random((784, 24)) < 0.4) * rng.choice([-1, 1], (784, 24))]
    else:
        first = live * (rng.random((100, 64)) < 0.8)
        second = live[:, None] * (rng.random((64, 90)) < 0.8)
        matrices = [first, second if related == "rows" else second.T[:80]]
    items = [_product(matrix.astype(np.int32), NO_AXIS, rng) for matrix in matrices]
    content, file = _encoded(items, rng, _stored)
    _expect(_decode([file]), [content])


def test_symbol_streams(_decode):
    rng = np.random.default_rng(4)
    spread = rng.normal(size=(130, 200)) * 3
    spread[5], spread[:, 7] = 0, 0
    folded = rng.normal(size=(3, 3, 64, 130)) * np.linspace(0.2, 4, 130)
    items = [
        _product(np.rint(spread), NO_AXIS, rng),
        _product(np.rint(folded), 4, rng),
        as_integers(rng.integers(-100, 100, 70000).astype(np.int8).view(np.uint8)),
        as_alphabet((np.rint(spread) * 0.3).astype(np.float32).view(np.uint32)),
    ]
    content, file = _encoded(items, rng, _stored)
    _, body = unseal(container.MAGIC, file)
    assert container.payload_size(file) > 100_000 and len(body) > 100_000
    _expect(_decode([file]), [content])


def test_flatbuffer_structure(_decode):
    contents = [_flatbuffer(seed) for seed in range(6)]
    files = [encode_content(content, []) for content in contents]
    codecs = [unseal(container.MAGIC, file)[1][2] for file in files]
    assert codecs == [residual.STRUCTURE] * len(files)
    _expect(_decode(files), contents)


def test_lzma_without_end_mark(_decode):
    content = bytes(range(256)) * 20
    compressed = lzma.compress(content, lzma.FORMAT_ALONE)
    parameter, coded = compressed[0], compressed[13:]
    files = []
    for cut in range(len(coded) + 1):
        head = b"\x80\x28\x02" + bytes([parameter]) + write_varint(cut) + b"\0"
        files.append(seal(container.MAGIC, head + coded[:cut], [content]))
    whole = [_python(file) == content for file in files]
    assert any(whole[:-1]) and not whole[0]
    assert [status == _OK for status, *_ in _decode(files)] == whole


def _python(file):
    try:
        return decode_content(file)
    except CorruptFileError:
        return None


def _mutant(bodies, rng):
    body = bytearray(bodies[rng.integers(len(bodies))])
    kind = rng.integers(5)
    for _ in range(rng.integers(1, 4)):
        place = int(rng.integers(len(body) + 1))
        if kind == 0 and place < len(body):
            body[place] ^= 1 << rng.integers(8)
        elif kind == 1:
            del body[place:]
        elif kind == 2:
            other = bodies[rng.integers(len(bodies))]
            body[place : place + int(rng.integers(20))] = other[place : place + 12]
        elif kind == 3:
            body[place : place + 1] = rng.choice([b"\xff" * 3, b"\xff" * 8 + b"\x7f", b"\0", b""])
        elif place < len(body):
            body[place] = rng.integers(256)
    return bytes(body)


def _declared(body):
    try:
        return ByteReader(body).varint("size")
    except CorruptFileError:
        return 0


def test_mutants_with_a_valid_checksum(_decode, monkeypatch):
    bodies, rng = _small_files(), np.random.default_rng(5)
    mutants = [_mutant(bodies, rng) for _ in range(1500)]
    files, contents = [], []
    monkeypatch.setattr(container, "check_seal", lambda *_: None)
    for body in mutants:
        if _declared(body) > 1 << 20:
            continue
        content = _python(seal(container.MAGIC, body, []))
        files.append(seal(container.MAGIC, body, [content or b""]))
        contents.append(content)
    assert sum(content is not None for content in contents) > 30
    assert sum(content is None for content in contents) > 100
    for file, content, (status, _, _, crc) in zip(files, contents, _decode(files), strict=True):
        assert (status == _OK) == (content is not None), file.hex()
        assert content is None or crc == zlib.crc32(content), file.hex()


def test_mutants_are_damaged(_decode):
    bodies, rng = _small_files(), np.random.default_rng(6)
    files = []
    for _ in range(6000):
        body = _mutant(bodies, rng)
        if body not in bodies and _declared(body) < 1 << 24:
            files.append(seal(container.MAGIC, body, [b"another content"]))
    files += [files[0][:size] for size in range(12)]
    assert {status for status, *_ in _decode(files)} == {_DAMAGED}


def test_tensors_without_a_gap(_decode):
    rng = np.random.default_rng(8)
    items = [as_integers(rng.integers(0, 9, (4, 6), np.uint8)) for _ in range(5)]
    data = [to_bits(item).tobytes() for item in items]
    for gaps in ([0, 0, 0, 40, 0], [8, 0, 0, 0, 0], [0, 4, 0, 0, 12]):
        content, regions = b"", []
        for gap, item, bits in zip(gaps, items, data, strict=True):
            content += _flatbuffer(1)[:gap]
            regions.append(Region(len(content), item))
            content += bits
        for tail in (b"", _flatbuffer(2)):
            _expect(_decode([encode_content(content + tail, regions)]), [content + tail])


def _lying(shape, symbols):
    """Returns a file that claims a tensor of one byte an element, and holds nothing of it."""
    coder = bit_encoder()
    size = math.prod(shape)
    AdaptiveUint(21).code(coder, 1)
    AdaptiveUint(40).code(coder, 0)
    for bits, values in [(2, [INTEGERS]), (2, [0]), (4, [len(shape)]), (33, shape)]:
        model = AdaptiveUint(bits)
        for value in values:
            model.code(coder, value)
    code_raw_bits(coder, 1, int(symbols))
    if symbols:
        code_signed(coder, 127, 0)
        AdaptiveUint(9).code(coder, 0)
        for value in (0, 0):  # one class of rows, one of columns
            code_raw_bits(coder, 1, value)
        code_raw_bits(coder, 9, 1)
        AdaptiveUint(32).code(coder, -(-size // 32768))
        AdaptiveUint(6).code(coder, 0)
    else:
        AdaptiveUint(4).code(coder, 1)
        code_raw_bits(coder, 1, 0)
        limits = AdaptiveUint(32)
        limits.code(coder, 1)
        limits.code(coder, 0)
    stream = coder.finish()
    fields = [
        write_varint(size),
        b"\0",
        write_varint(0),
        write_varint(len(stream)),
        stream,
        bytes(64),
    ]
    return seal(container.MAGIC, b"".join(fields), [])


def test_claims_are_not_decoded_before_they_are_refused(_program):
    for file in (_lying((2, 1 << 25), False), _lying((1 << 26,), True)):
        batch = struct.pack("<QQQ", len(file), _DEFAULT, _DEFAULT) + file
        done = subprocess.run([_program], input=batch, capture_output=True, check=True)
        assert int(done.stdout.split()[0]) == _DAMAGED
        assert float(done.stderr) < 0.5, "expected refusal before decoding"


def test_other_versions(_decode):
    with open(os.path.join(_GOLDEN, "version1.ecz"), "rb") as file:
        data = bytearray(file.read())
    data[3] = 2
    assert _decode([bytes(data)])[0][0] == 2


def test_arena(_decode):
    """The arena asked for is enough; a smaller one suffices or is told to be too small."""
    rng = np.random.default_rng(7)
    files = []
    for codec in _CODECS[:3]:
        shapes = [(70, 33), (3, 3, 12, 2), (300,), (140, 130)]
        items = [_representation(shape, rng) for shape in shapes]
        items.append(_product(_integers((60, 40), rng), 2, rng))
        files.append(_encoded(items, rng, codec)[1])
    for file in files:
        low, high = 0, _decode([file])[0][2]
        while high - low > 1:
            sizes = sorted({low + (high - low) * i // 32 for i in range(1, 32)} - {low, high})
            found = _decode([file] * len(sizes), arenas=sizes)
            statuses = [status for status, *_ in found]
            assert statuses == sorted(statuses, reverse=True)
            assert set(statuses) <= {_OK, _ARENA_TOO_SMALL}
            enough = [size for size, status in zip(sizes, statuses, strict=True) if status == _OK]
            low, high = (
                max([low, *[size for size in sizes if not enough or size < enough[0]]]),
                min([high, *enough]),
            )
        statuses = [result[0] for result in _decode([file] * 2, arenas=[high, high - 1])]
        assert statuses == [_OK, _ARENA_TOO_SMALL]


def test_content_buffer(_decode):
    with open(os.path.join(_GOLDEN, "version1.ecz"), "rb") as file:
        data = file.read()
    size = len(decode_content(data))
    found = _decode([data] * 4, buffers=[size, size + 9, size - 1, 0])
    assert [status for status, *_ in found] == [_OK, _OK, _CONTENT_TOO_SMALL, _CONTENT_TOO_SMALL]


@pytest.mark.parametrize("compiler", _COMPILERS)
@pytest.mark.parametrize("level", ["-Os", "-O3"])
def test_freestanding(tmp_path, compiler, level):
    built = str(tmp_path / "ecz_decoder.o")
    flags = [*_STRICT, level, "-ffreestanding", "-c", _DECODER, "-o", built]
    subprocess.run([compiler, *flags], check=True)
    undefined = subprocess.run(["nm", "-u", built], check=True, capture_output=True, text=True)
    assert set(undefined.stdout.split()) <= {"U", "memcpy"}


@pytest.mark.skipif(
    "gcc" not in _COMPILERS or platform.machine() != "x86_64", reason="needs gcc for x86-64"
)
def test_code_is_small(tmp_path):
    built = str(tmp_path / "ecz_decoder.o")
    subprocess.run(["gcc", "-std=c99", "-Os", "-c", _DECODER, "-o", built], check=True)
    sizes = subprocess.run(["size", "-A", built], check=True, capture_output=True, text=True).stdout
    code = sum(int(size) for size in re.findall(r"^\.text\S*\s+(\d+)", sizes, re.MULTILINE))
    assert 0 < code < 16384


_PRIOR = re.compile(r"(static const uint8_t prior\[[^;]*= \{\n)(.*?)(\n\};\n)", re.DOTALL)


def _prior_bytes():
    return DICTIONARY + bytes(weight >> 11 & 255 for weight in WEIGHTS)


def _source():
    with open(_DECODER) as file:
        return file.read()


def test_prior_is_that_of_python():
    assert bytes(map(int, re.findall(r"\d+", _PRIOR.search(_source())[2]))) == _prior_bytes()


def _write_prior():
    rows, row = [], "   "
    for item in (f" {byte}," for byte in _prior_bytes()):
        if len(row + item) > 100:
            rows.append(row)
            row = "   "
        row += item
    table = "\n".join([*rows, row])
    source = _PRIOR.sub(lambda match: match[1] + table + match[3], _source())
    with open(_DECODER, "w") as file:
        file.write(source)


if __name__ == "__main__":
    _write_prior()
