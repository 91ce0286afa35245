import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from keras_ec.coding.alphabet import Alphabet, code_alphabet
from keras_ec.coding.channel_tables import ChannelTables, code_channel_tables
from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.range_coder import bit_decoder, bit_encoder
from keras_ec.coding.representation import (
    NO_AXIS,
    RepresentationCoder,
    as_alphabet,
    as_integers,
    as_product,
    as_tables,
    to_bits,
)

_SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=6)


def _round_trip(item, bits):
    assert item is not None
    encoder = bit_encoder()
    RepresentationCoder(encoder).code(bits.nbytes, item)
    decoder = bit_decoder(encoder.finish())
    decoded = RepresentationCoder(decoder).code(bits.nbytes)
    decoder.finish()
    np.testing.assert_array_equal(to_bits(decoded), bits)


def _levels(shape, seed=0):
    return np.random.default_rng(seed).integers(-3, 4, shape).astype(np.float32)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(["<u1", "<u2", "<u4"]), _SHAPES, st.integers(0, 1 << 30))
def test_alphabets_of_any_patterns(dtype, shape, seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, np.iinfo(dtype).max, 9, dtype=dtype)
    bits = rng.choice(values, shape)
    _round_trip(as_alphabet(bits), bits)


@pytest.mark.parametrize("dtype", ["<u1", "<u2"])
def test_integers(dtype):
    bits = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, (20, 30)).astype(dtype)
    _round_trip(as_integers(bits), bits)


@pytest.mark.parametrize("step", [0.046875, 0.1])
def test_one_scale(step):
    bits = (_levels((20, 30)) * np.float32(step)).view(np.uint32)
    _round_trip(as_product(bits, NO_AXIS), bits)


@pytest.mark.parametrize("shape, axis", [((6, 3, 3, 4), 0), ((1, 3, 3, 9), 3), ((7, 40), 0)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_scale_for_each_channel(shape, axis, sign):
    scale = np.random.default_rng(1).lognormal(size=shape[axis]).astype(np.float32) * sign
    scale = scale.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    levels = _levels(shape)
    levels[np.abs(levels) == 0] = 0
    levels.flat[0] = 1
    bits = (levels * scale).view(np.uint32)
    item = as_product(bits, axis + 1)
    _round_trip(item, bits)
    assert np.abs(item.integers).max() <= 3


def test_dead_channels_keep_the_sign_of_their_zeros():
    values = _levels((5, 40)) * np.float32(0.1)
    values[1], values[3] = 0.0, -0.0
    bits = values.view(np.uint32)
    _round_trip(as_product(bits, 1), bits)


@pytest.mark.parametrize("axis", [1, 2])
def test_a_table_for_each_channel(axis):
    rng = np.random.default_rng(2)
    centers = np.array([-1.3, -0.2, 0.0, 0.7], np.float32)
    scale = rng.normal(size=(12, 1) if axis == 1 else (1, 30)).astype(np.float32)
    bits = (rng.choice(centers, (12, 30)) * scale).view(np.uint32)
    item = as_tables(bits, axis)
    _round_trip(item, bits)
    assert np.unique(item.integers).size <= 8


def test_channels_without_zero_or_of_one_value():
    bits = np.array([[1, 2, 1, 2], [0, 0, 0, 0], [-3, -3, -3, 5]], np.float32).view(np.uint32)
    _round_trip(as_tables(bits, 1), bits)


def test_arbitrary_values_have_no_small_representation():
    bits = np.random.default_rng(0).normal(size=(30, 300)).astype(np.float32).view(np.uint32)
    assert as_product(bits, NO_AXIS) is None
    assert as_product(bits, 1) is None
    assert as_tables(bits, 1) is None
    assert as_alphabet(bits) is None


def test_more_patterns_than_a_byte_has_are_refused():
    encoder = bit_encoder()
    code_alphabet(encoder, 2, Alphabet(np.arange(300, dtype=np.uint16), 0))
    with pytest.raises(CorruptFileError, match="at most 255, found 299"):
        code_alphabet(bit_decoder(encoder.finish()), 1)


def test_more_values_in_channels_than_elements_are_refused():
    counts = np.array([2, 3]), np.array([1, 0]), np.zeros(2, np.int64)
    values = np.arange(6, dtype=np.float32).view(np.uint32)
    encoder = bit_encoder()
    code_channel_tables(encoder, 2, 6, ChannelTables(*counts, values))
    stream = encoder.finish()
    assert code_channel_tables(bit_decoder(stream), 2, 6).positive.tolist() == [2, 3]
    with pytest.raises(CorruptFileError, match="at most 5 values in channels, found 6"):
        code_channel_tables(bit_decoder(stream), 2, 5)
