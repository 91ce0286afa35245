import numpy as np
import pytest

from keras_ec.coding import (
    CorruptFileError,
    decode_tensors,
    encode_tensors,
    range_coder_tfc,
    tensor_file,
)
from keras_ec.coding.symbol_streams import SymbolJob, decode_jobs, encode_lanes
from keras_ec.coding.symbol_tables import cumulative_of, levels_of

GOLDEN = ["9004", "40007a980b"]


def _dense(shape, largest, seed=0):
    values = np.random.default_rng(seed).normal(0, largest / 3, shape).round()
    return values.clip(-largest, largest).astype(np.int32)


def _entropy_bytes(values):
    counts = np.unique(values, return_counts=True)[1]
    return -(counts * np.log2(counts / values.size)).sum() / 8


@pytest.fixture(params=["tfc", "portable"])
def backend(request, monkeypatch):
    if request.param == "portable":
        monkeypatch.setattr(range_coder_tfc, "is_available", lambda: False)
    elif not range_coder_tfc.is_available():
        pytest.skip("needs TensorFlow Compression")
    return request.param


@pytest.mark.parametrize(
    "shape, largest", [((200, 300), 7), ((40, 3, 3, 50), 100), ((20000,), 3), ((9, 2003), 1)]
)
def test_dense_tensors_round_trip_near_their_entropy(backend, shape, largest):
    values = _dense(shape, largest)
    data = encode_tensors({"k": values.astype(np.int16), "after": np.arange(5)})
    decoded = decode_tensors(data)
    np.testing.assert_array_equal(decoded["k"], values)
    assert decoded["after"].tolist() == [0, 1, 2, 3, 4]
    # One table with 9 bits an entry, a few bytes for a stream, 40 for the rest.
    assert len(data) < 1.01 * _entropy_bytes(values) + 2.3 * largest + 60


def test_values_far_from_zero_round_trip():
    values = _dense((150, 150), 9) + 2_000_000_000
    np.testing.assert_array_equal(decode_tensors(encode_tensors({"k": values}))["k"], values)


def test_large_sparse_tensors_gain_from_classes_of_rows():
    rng = np.random.default_rng(0)
    density = rng.choice([0, 0.02, 0.3], (800, 1))
    values = ((rng.random((800, 700)) < density) * rng.choice([-1, 1], (800, 700))).astype(np.int8)
    data = encode_tensors({"k": values})
    np.testing.assert_array_equal(decode_tensors(data)["k"], values)
    assert len(data) < 0.85 * _entropy_bytes(values)


@pytest.mark.skipif(not range_coder_tfc.is_available(), reason="needs TensorFlow Compression")
def test_files_are_the_same_whichever_backend_wrote_them(monkeypatch):
    tensors = {"a": _dense((150, 160), 5), "b": _dense((30, 40), 2), "c": _dense((128, 128), 90)}
    data = encode_tensors(tensors)
    monkeypatch.setattr(range_coder_tfc, "is_available", lambda: False)
    assert encode_tensors(tensors) == data
    for name, values in decode_tensors(data).items():
        np.testing.assert_array_equal(values, tensors[name])


def test_streams_are_those_of_tensorflow_compression(backend):
    cumulative = np.array([[0, 1, 60000, 65536], [0, 32768, 32769, 65536]], np.int32)
    table = np.array([[0, 1, 0, 1, 1], [1, 1, 1, 0, 0]], np.uint8)
    symbols = np.array([[1, 2, 1, 0, 1], [0, 1, 2, 2, 0]], np.uint8)
    streams = encode_lanes(cumulative, table, symbols)
    assert [stream.hex() for stream in streams] == GOLDEN
    job = SymbolJob(cumulative, streams, table)
    decode_jobs([job])
    np.testing.assert_array_equal(job.symbols, symbols)


@pytest.mark.skipif(not range_coder_tfc.is_available(), reason="needs TensorFlow Compression")
@pytest.mark.parametrize("lanes", [3, 80])
def test_portable_decoder_reads_what_tensorflow_compression_wrote(monkeypatch, lanes):
    rng = np.random.default_rng(lanes)
    jobs = []
    for symbols, length in ((3, 500), (200, 90)):
        counts = rng.integers(0, 2, (4, symbols)) * rng.geometric(1e-3, (4, symbols))
        counts[:, 1] += 1
        cumulative = cumulative_of(levels_of(counts))
        table = rng.integers(0, 4, (lanes, length)).astype(np.uint8)
        known = np.zeros(table.shape, np.uint8)
        for number in range(4):
            live = np.flatnonzero(counts[number])
            known[table == number] = rng.choice(live, (table == number).sum())
        streams = encode_lanes(cumulative, table, known)
        jobs.append((SymbolJob(cumulative, streams, table), table, known))
    monkeypatch.setattr(range_coder_tfc, "is_available", lambda: False)
    decode_jobs([job for job, _, _ in jobs])
    for job, table, known in jobs:
        np.testing.assert_array_equal(job.symbols, known)
        assert encode_lanes(job.cumulative, table[:2], known[:2]) == job.streams[:2]


def test_levels_keep_frequencies_within_three_percent():
    counts = np.array([[1, 0, 1000, 64535], [5, 5, 5, 5], [0, 0, 7, 0]])
    frequency = np.diff(cumulative_of(levels_of(counts)))
    expected = counts / counts.sum(1, keepdims=True) * 65536
    assert (frequency.sum(1) == 65536).all()
    assert (np.abs(frequency - expected) <= 0.035 * expected + 1).all()


@pytest.mark.parametrize("levels", [[[0, 0]], [[-1, 5]], [[273, 1]]])
def test_impossible_levels_are_refused(levels):
    with pytest.raises(CorruptFileError, match="levels"):
        cumulative_of(np.array(levels))


def test_damage_that_no_checksum_finds_never_gives_another_error(backend, monkeypatch):
    monkeypatch.setattr(tensor_file, "check_seal", lambda *arguments: None)
    data = encode_tensors({"k": _dense((129, 128), 7)})
    rng = np.random.default_rng(0)
    failures = 0
    for number in range(40):
        body = bytearray(data[8:])
        position = rng.integers(60) if number % 2 else rng.integers(len(body))
        body[position] ^= 1 << rng.integers(8)
        if number % 5 == 0:
            del body[-rng.integers(1, 50) :]
        try:
            decode_tensors(data[:8] + bytes(body))
        except CorruptFileError:
            failures += 1
    assert failures > 8
