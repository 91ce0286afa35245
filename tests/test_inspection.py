import sys
from pathlib import Path

import numpy as np
import pytest

from keras_ec.coding import CorruptFileError, archive_decoder
from keras_ec.coding.container import Region, encode_content, payload_size
from keras_ec.coding.representation import as_alphabet
from keras_ec.deploy.archive import compress_bytes
from keras_ec.inspection import inspect_archive

sys.path.insert(0, str(Path(__file__).parent / "deploy"))
from tflite_builder import build_tflite

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.ecz"))


def archive_of(**arrays):
    return compress_bytes(build_tflite(arrays))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_tensors_sum_to_the_payload(path):
    report = inspect_archive(path.read_bytes())
    assert report.payload_bytes == payload_size(path.read_bytes())
    assert report.payload_bytes + report.structure_bytes == path.stat().st_size
    assert report.content_bytes == path.with_suffix(".tflite").stat().st_size
    total = sum(tensor.coded_bytes for tensor in report.coded)
    assert total == pytest.approx(report.payload_bytes, abs=4)
    assert len(report.coded) > 3


def test_cost_follows_entropy(rng):
    """Independent symbols of one tensor cost their entropy, those of a constant nothing."""
    levels = rng.choice([0, 1, 2, 3], (300, 200), p=[0.7, 0.1, 0.1, 0.1]).astype(np.float32)
    sparse = (rng.random((300, 200)) < 0.01).astype(np.float32)
    report = inspect_archive(archive_of(levels=levels, sparse=sparse))
    by_name = {tensor.name: tensor for tensor in report.tensors}
    assert sorted(by_name) == ["levels", "sparse"]
    for name, alphabet in (("levels", 4), ("sparse", 2)):
        tensor = by_name[name]
        assert (tensor.alphabet_size, tensor.elements) == (alphabet, 60000)
        assert tensor.coded_bits == pytest.approx(tensor.entropy_bits, rel=0.1)
        assert tensor.bits_per_weight == tensor.coded_bits / 60000
    assert by_name["levels"].bits_per_weight == pytest.approx(1.36, abs=0.03)


def test_tensors_that_are_not_coded(rng):
    noise = rng.normal(size=(40, 50)).astype(np.float32)
    (tensor,) = inspect_archive(archive_of(noise=noise)).tensors
    assert tensor.name == "noise" and tensor.shape == (40, 50)
    assert tensor.coded_bits is tensor.coded_bytes is tensor.bits_per_weight is None
    assert tensor.alphabet_size == 2000
    assert tensor.entropy_bits == pytest.approx(2000 * np.log2(2000))


def test_constant_tensors_have_no_entropy():
    (tensor,) = inspect_archive(archive_of(ones=np.ones((30, 40), np.float32))).tensors
    assert tensor.alphabet_size == 1 and tensor.entropy_bits == 0


def test_content_that_is_no_flatbuffer(rng):
    """A container may hold anything; its tensors are then called after their place."""
    bits = rng.integers(0, 3, 1000).astype("<u4")
    content = b"anything" + bits.tobytes()
    archive = encode_content(content, [Region(8, as_alphabet(bits))])
    (tensor,) = inspect_archive(archive).tensors
    assert (tensor.name, tensor.shape, tensor.elements) == ("bytes from 8", (1000,), 1000)


def test_damaged_archives():
    data = GOLDEN[0].read_bytes()
    for bad in (b"", data[:-1], data[:50], data[:60] + b"\0\1" + data[62:]):
        with pytest.raises(CorruptFileError):
            inspect_archive(bad)


def test_progress(monkeypatch):
    monkeypatch.setattr(archive_decoder, "is_compiled", lambda: False)
    calls = []
    inspect_archive(GOLDEN[0].read_bytes(), lambda *call: calls.append(call))
    stages = {"decode": [], "measure": []}
    for stage, done, total in calls:
        stages[stage].append(done)
        assert done <= total
    for done in stages.values():
        assert done == list(range(len(done))) and len(done) > 2
