import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ec.coding.adaptive_bits import AdaptiveUint, code_raw_vector
from keras_ec.coding.cost_coder import CostCoder
from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.integer_matrix import code_matrix
from keras_ec.coding.range_coder import WorkMeter, bit_decoder, bit_encoder
from keras_ec.coding.range_coder_portable import PortableBitEncoder
from keras_ec.coding.range_coder_tfc import TfcBitEncoder, is_available

_BACKENDS = [PortableBitEncoder, *([TfcBitEncoder] if is_available() else [])]


def _draw(seed, count):
    rng = np.random.default_rng(seed)
    p = np.clip(rng.integers(1, 65536, count) ** 2 >> 16, 1, 65535).astype(np.int32)
    bits = (rng.integers(0, 65536, count) < p).astype(np.int32)
    return p, bits


@pytest.mark.parametrize("backend", _BACKENDS)
def test_golden_bytes(backend):
    p, bits = np.array([60000, 100, 32768, 65535, 1, 40000]), np.array([1, 0, 1, 0, 1, 0])
    encoder = backend()
    encoder.code(p, bits)
    assert encoder.finish().hex() == "8aa2ae418b"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1 << 30), st.integers(0, 300), st.integers(1, 50))
def test_decoder_inverts_encoder_in_any_block_size(seed, count, block):
    p, bits = _draw(seed, count)
    encoder = bit_encoder()
    for start in range(0, count, 37):
        encoder.code(p[start : start + 37], bits[start : start + 37])
    decoder = bit_decoder(encoder.finish())
    decoded = [decoder.code(p[start : start + block]) for start in range(0, count, block)]
    decoder.finish()
    np.testing.assert_array_equal(np.concatenate([*decoded, np.zeros(0, int)]), bits)


def test_length_is_that_of_the_ideal_code():
    p, bits = _draw(0, 200_000)
    encoder, cost = bit_encoder(), CostCoder()
    encoder.code(p, bits)
    cost.code(p, bits)
    assert len(encoder.finish()) == pytest.approx(cost.bits / 8, rel=1e-3)


def test_bytes_left_over_are_an_error():
    p, bits = _draw(1, 100)
    encoder = bit_encoder()
    encoder.code(p, bits)
    decoder = bit_decoder(encoder.finish() + b"xxxxx")
    decoder.code(p)
    with pytest.raises(CorruptFileError, match="stream"):
        decoder.finish()


@pytest.mark.skipif(not is_available(), reason="needs TensorFlow Compression")
@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([1, 2, 255, 256, 32768, 65534, 65535]), st.booleans())))
def test_both_backends_write_the_same_bytes(decisions):
    p = np.array([item[0] for item in decisions], np.int32)
    bits = np.array([item[1] for item in decisions], np.int32)
    portable, tfc = PortableBitEncoder(), TfcBitEncoder()
    portable.code(p, bits)
    tfc.code(p, bits)
    data = portable.finish()
    assert data == tfc.finish()
    np.testing.assert_array_equal(bit_decoder(data).code(p), bits)


def test_short_streams_cannot_claim_much_work():
    decoder = bit_decoder(bytes(100))
    with pytest.raises(CorruptFileError, match="too short"):
        decoder.code(np.full(1 << 21, 65535))
    decoder = bit_decoder(bytes(100))
    with pytest.raises(CorruptFileError, match="too short"):
        for _ in range(1 << 15):
            decoder.code(np.array([65535]))


def test_decisions_can_be_announced():
    decoder = bit_decoder(bytes(100))
    decoder.expect((1 << 20) + 4096 * 100)
    decoder.code(np.array([65535]))
    with pytest.raises(CorruptFileError, match="too short"):
        decoder.expect((1 << 20) + 4096 * 100)


def _peak(function):
    """Returns the most memory that a function takes, bytes."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_claims_are_refused_before_memory_is_taken():
    encoder = bit_encoder()
    limits = AdaptiveUint(32)
    limits.code(encoder, 1)
    limits.code(encoder, 0)
    data = encoder.finish()

    def matrix():
        with pytest.raises(CorruptFileError, match="too short"):
            code_matrix(bit_decoder(data), (2, 1 << 25))

    def vector():
        with pytest.raises(CorruptFileError, match="too short"):
            code_raw_vector(bit_decoder(data), 1 << 25, 4)

    assert max(_peak(matrix), _peak(vector)) < 1 << 20


def test_many_decisions_take_little_memory():
    p = np.full(1 << 19, 32768, np.int32)
    assert _peak(lambda: bit_decoder(bytes(9)).code(p)) < 4 << 20


def test_streams_of_much_work_are_padded():
    meter = WorkMeter()
    meter.add((1 << 20) + 4096 * 9 + 1)
    assert len(meter.pad(b"abc")) == 10
    p = np.full((1 << 20) + 9999, 1)
    encoder = bit_encoder()
    encoder.code(p, np.zeros(p.size, np.int32))
    decoder = bit_decoder(encoder.finish())
    assert not decoder.code(p).any()
    decoder.finish()
