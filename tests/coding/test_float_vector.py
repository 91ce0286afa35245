import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ec.coding.cost_coder import CostCoder
from keras_ec.coding.float_vector import code_float_vector
from keras_ec.coding.range_coder import bit_decoder, bit_encoder


def _round_trip(bits):
    encoder = bit_encoder()
    code_float_vector(encoder, bits.size, bits)
    data = encoder.finish()
    decoder = bit_decoder(data)
    decoded = code_float_vector(decoder, bits.size)
    decoder.finish()
    np.testing.assert_array_equal(decoded, bits)
    return len(data)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, (1 << 32) - 1), min_size=1, max_size=40))
def test_any_bit_patterns_round_trip(patterns):
    _round_trip(np.array(patterns, np.uint32))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1 << 30), st.integers(1, 60), st.sampled_from([0.1, 0.25, -3.0]))
def test_multiples_round_trip(seed, size, step):
    factors = np.random.default_rng(seed).integers(-9, 10, size)
    _round_trip((factors.astype(np.float32) * np.float32(step)).view(np.uint32))


def test_quantised_biases_cost_little_more_than_their_entropy():
    factors = np.clip(np.random.default_rng(0).normal(0, 3, 300).round(), -15, 15) + 0.0
    _, counts = np.unique(factors, return_counts=True)
    entropy = -(counts * np.log2(counts / 300)).sum() / 8
    values = factors.astype(np.float32) * np.float32(0.0205078125)
    assert _round_trip(values.view(np.uint32)) < 1.1 * entropy + 8


def test_round_numbers_cost_less_than_arbitrary_ones():
    def bits(values):
        coder = CostCoder()
        code_float_vector(coder, len(values), np.array(values, np.float32).view(np.uint32))
        return coder.bits

    assert bits([0.046875]) < 20 < bits([0.1])
