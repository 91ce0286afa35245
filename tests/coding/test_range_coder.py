import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ec.coding.cost_coder import CostCoder
from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.range_coder import bit_decoder, bit_encoder


def _draw(seed, count):
    rng = np.random.default_rng(seed)
    p = np.clip(rng.integers(1, 65536, count) ** 2 >> 16, 1, 65535).astype(np.int32)
    bits = (rng.integers(0, 65536, count) < p).astype(np.int32)
    return p, bits


def test_golden_bytes():
    p, bits = np.array([60000, 100, 32768, 65535, 1, 40000]), np.array([1, 0, 1, 0, 1, 0])
    encoder = bit_encoder()
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
    decoder = bit_decoder(encoder.finish() + b"xx")
    decoder.code(p)
    with pytest.raises(CorruptFileError, match="stream"):
        decoder.finish()
