import os
import sys
import zlib

import numpy as np
import pytest

from keras_ec.coding import CorruptFileError, container
from keras_ec.deploy import archive
from keras_ec.deploy.weight_buffers import find_weight_buffers

sys.path.insert(0, os.path.dirname(__file__))
from tflite_builder import build_tflite


def _sparse(shape, seed=0, density=0.1):
    rng = np.random.default_rng(seed)
    return (rng.integers(-3, 4, shape) * (rng.random(shape) < density)).astype(np.float32)


def _folded(shape, axis, seed=0):
    """A kernel whose channels a normalization has scaled, in float32 as a converter would."""
    scale = np.random.default_rng(seed).lognormal(size=shape[axis]).astype(np.float32)
    return _sparse(shape, seed) * scale.reshape([-1 if i == axis else 1 for i in range(len(shape))])


def _mixed():
    rng = np.random.default_rng(0)
    return {
        "uniform": _sparse((40, 60)) * np.float32(0.046875),
        "bias": (rng.integers(-9, 10, 40) * 0.0205078125).astype(np.float32),
        "folded": _folded((8, 3, 3, 4), 0),
        "depthwise": _folded((1, 3, 3, 24), 3),
        "free": rng.choice(rng.normal(size=7).astype(np.float32), (30, 20)),
        "noise": rng.normal(size=(20, 30)).astype(np.float32),
        "half": _sparse((30, 30)).astype(np.float16),
        "int8": _sparse((30, 30)).astype(np.int8),
        "int32": rng.integers(-500, 500, 30).astype(np.int32),
        "int64": np.arange(10),
        "empty": np.zeros(0, np.float32),
        "scalar": np.array(0.5, np.float32),
    }


def _round_trip(tflite):
    ecz = archive.compress_bytes(tflite)
    assert archive.decompress_bytes(ecz) == tflite
    assert len(ecz) <= len(tflite) + 64
    return ecz


def _best_general(tflite):
    return len(zlib.compress(tflite, 9))


def test_mixed_model():
    tflite = build_tflite(_mixed())
    assert len(find_weight_buffers(tflite)) == 9
    assert len(_round_trip(tflite)) < 0.8 * _best_general(tflite)


@pytest.mark.parametrize("alignment", [1, 2, 4, 64])
def test_any_alignment(alignment):
    _round_trip(build_tflite(_mixed(), alignment=alignment))


def test_sparse_kernel_costs_less_than_order_0():
    values = _sparse((300, 200), density=0.2)
    values[::3] = 0
    values[:, 40:] = np.where(_sparse((1, 160)), values[:, 40:], 0)
    counts = np.unique(values, return_counts=True)[1]
    order0 = -(counts * np.log2(counts / values.size)).sum() / 8
    empty = len(_round_trip(build_tflite({"k": np.zeros(values.shape, np.float32)})))
    full = len(_round_trip(build_tflite({"k": values * np.float32(0.1)})))
    assert full - empty < 0.95 * order0


@pytest.mark.parametrize("shape, axis", [((16, 3, 3, 8), 0), ((1, 5, 5, 64), 3), ((64, 100), 0)])
def test_folded_normalization_costs_little_more_than_its_scales(shape, axis):
    plain = len(_round_trip(build_tflite({"k": _sparse(shape) * np.float32(0.046875)})))
    folded = len(_round_trip(build_tflite({"k": _folded(shape, axis)})))
    assert folded - plain < 4.2 * shape[axis] + 10


def test_folded_kernel_of_many_levels_and_few_weights_a_channel():
    """As a first convolution of 63 centers: hardly a value repeats within a channel."""
    rng = np.random.default_rng(0)
    scales = rng.integers(17, 32, 16) * np.float32(0.0246124267578125)
    levels = np.rint(rng.laplace(scale=8, size=(16, 3, 3, 3))).clip(-31, 31) + 0.0
    ecz = _round_trip(build_tflite({"kernel": (levels * scales[:, None, None, None]).astype("f4")}))
    counts = np.unique(levels, return_counts=True)[1] / levels.size
    integers, structure = -levels.size * (counts @ np.log2(counts)) / 8, 120
    assert len(ecz) < 1.05 * integers + 3 * scales.size + structure


def test_shared_external_misshapen_and_absent_buffers():
    arrays = {"a": _sparse((20, 30)), "b": _sparse((50, 20), 1), "c": _sparse((10, 9), 2)}
    for tflite in (
        build_tflite(arrays, shared=("d", "e")),
        build_tflite(arrays, external=("b",)),
        build_tflite(arrays, shapes={"a": (7, 7), "b": (), "c": (0, 5)}),
        build_tflite({}),
    ):
        _round_trip(tflite)
    assert len(find_weight_buffers(build_tflite(arrays, external=("b",)))) == 3


def test_negative_zeros_and_special_values():
    values = _sparse((20, 30))
    values[3, 4], values[5, 6], values[7, 8] = np.nan, np.inf, -0.0
    values[9, 1] = 1e-42
    _round_trip(build_tflite({"k": values}))
    _round_trip(build_tflite({"k": -_folded((8, 5, 5, 3), 0)}))


def test_integers_of_the_whole_range_of_a_byte():
    values = np.random.default_rng(0).normal(0, 40, (100, 90)).clip(-128, 127).astype(np.int8)
    assert len(_round_trip(build_tflite({"k": values}))) < 0.98 * values.size


def test_nothing_to_gain_grows_by_little():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, 5000, np.uint8).tobytes()
    for tail in (b"", noise):
        _round_trip(build_tflite({"k": rng.normal(size=700).astype(np.float32)}) + tail)
    _round_trip(b"\x00\x00\x00\x00TFL3" + noise)


def test_damaged_flatbuffers_round_trip():
    arrays = {"a": _sparse((9, 9)), "b": np.arange(20, dtype=np.float32)}
    tflite = build_tflite(arrays, shared=("c",))
    rng = np.random.default_rng(0)
    header = len(tflite) - sum(b.size for b in find_weight_buffers(tflite))
    for _ in range(12):
        damaged = bytearray(tflite)
        late = rng.integers(len(tflite) - header, len(tflite))
        position = int(rng.choice([rng.integers(8, 80), late]))
        damaged[position] = rng.integers(256)
        _round_trip(bytes(damaged))
    _round_trip(tflite[:100])


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\x1c\0\0\0TFL2" + bytes(50), b"PK\3\4" * 9])
def test_other_files_are_refused(content, tmp_path):
    source, target = tmp_path / "a.tflite", tmp_path / "a.ecz"
    source.write_bytes(content)
    with pytest.raises(ValueError, match=r"TFL3.*Received"):
        archive.compress_file(source, target)
    assert os.listdir(tmp_path) == ["a.tflite"]


def test_files(tmp_path):
    source, target = tmp_path / "a.tflite", tmp_path / "a.ecz"
    source.write_bytes(build_tflite(_mixed()))
    target.write_bytes(b"old")
    size = archive.compress_file(source, target)
    assert size == target.stat().st_size
    assert archive.decompress_bytes(target.read_bytes()) == source.read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["a.ecz", "a.tflite"]


def test_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    source, target = tmp_path / "a.tflite", tmp_path / "a.ecz"
    source.write_bytes(build_tflite(_mixed()))
    target.write_bytes(b"old")

    def full_disk(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        archive.compress_file(source, target)
    assert target.read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["a.ecz", "a.tflite"]


def test_every_flipped_bit_and_truncation_is_an_error():
    ecz = archive.compress_bytes(build_tflite({"k": _sparse((9, 9)) * np.float32(0.5)}))
    for position in range(8 * len(ecz)):
        damaged = bytearray(ecz)
        damaged[position // 8] ^= 1 << position % 8
        with pytest.raises(CorruptFileError):
            archive.decompress_bytes(bytes(damaged))
    for length in range(len(ecz)):
        with pytest.raises(CorruptFileError):
            archive.decompress_bytes(ecz[:length])


@pytest.mark.parametrize("foreign", [b"", b"E", b"ECZ", bytes(100), b"ECT\x01" + bytes(60)])
def test_foreign_files_are_errors(foreign):
    with pytest.raises(CorruptFileError):
        archive.decompress_bytes(foreign)


def test_newer_versions_are_named():
    ecz = bytearray(archive.compress_bytes(build_tflite(_mixed())))
    ecz[3] = 9
    with pytest.raises(CorruptFileError, match="version 1, found 9"):
        archive.decompress_bytes(bytes(ecz))


def _mutate(rng, body):
    body = bytearray(body)
    for _ in range(rng.integers(1, 3)):
        position = int(rng.integers(len(body)))
        kind = rng.integers(4)
        if kind == 0:
            body[position] ^= 1 << rng.integers(8)
        elif kind == 1:
            body[position] = rng.choice([0, 255, 127, 128])
        elif kind == 2:
            del body[position : position + rng.integers(1, 20)]
        else:
            body[position:position] = rng.integers(0, 256, rng.integers(1, 20), np.uint8).tobytes()
    return bytes(body)


def test_damage_that_no_checksum_finds_is_no_other_error(monkeypatch):
    monkeypatch.setattr(container, "check_seal", lambda *arguments: None)
    ecz = archive.compress_bytes(build_tflite(_mixed()))
    rng = np.random.default_rng(0)
    failures = 0
    for _ in range(60):
        try:
            archive.decompress_bytes(ecz[:8] + _mutate(rng, ecz[8:]))
        except CorruptFileError:
            failures += 1
    assert failures > 20


def test_checksum_made_for_damaged_bytes_does_not_hide_other_content():
    content = build_tflite(_mixed())
    ecz = archive.compress_bytes(content)
    rng = np.random.default_rng(0)
    for _ in range(40):
        body = _mutate(rng, ecz[8:])
        checksum = zlib.crc32(content, zlib.crc32(body))
        try:
            decoded = archive.decompress_bytes(ecz[:4] + checksum.to_bytes(4, "little") + body)
        except CorruptFileError:
            continue
        assert decoded == content


def test_small_file_cannot_claim_much_memory():
    hostile = b"ECZ\x01" + bytes(4) + bytes([0xFF] * 4 + [0x3F]) + bytes(60)
    with pytest.raises(CorruptFileError, match="cannot hold"):
        archive.decompress_bytes(hostile)
