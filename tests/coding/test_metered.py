import numpy as np
import pytest

from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.metered import MeteredDecoder, MeteredStreams
from keras_ec.coding.range_coder import bit_decoder, bit_encoder


def test_bits_are_those_of_the_stream(rng):
    p = rng.integers(1, 65536, 5000).astype(np.int32)
    bits = (rng.integers(0, 65536, 5000) < p).astype(np.int32)
    encoder = bit_encoder()
    encoder.code(p, bits)
    stream = encoder.finish()
    decoder = MeteredDecoder(bit_decoder(stream))
    half = decoder.code(p[:2500])
    at_half = decoder.bits
    np.testing.assert_array_equal(np.concatenate([half, decoder.code(p[2500:])]), bits)
    decoder.finish()
    assert decoder.bits / 8 == pytest.approx(len(stream), abs=3)
    assert at_half == pytest.approx(decoder.bits / 2, rel=0.1)


def test_what_is_left_over_is_an_error():
    decoder = MeteredDecoder(bit_decoder(b"xxxxxxxxxx"))
    decoder.code(np.array([32768]))
    with pytest.raises(CorruptFileError):
        decoder.finish()


def test_streams_count_what_is_read():
    streams = MeteredStreams(b"abcdef")
    assert streams.read(2) == b"ab" and streams.bits == 16
    assert streams.read(3) == b"cde" and streams.bits == 40
    with pytest.raises(CorruptFileError):
        streams.read(2)
