import zlib

from keras_ec.coding.residual import DEFLATE, compress_residual, decompress_residual
from keras_ec.coding.structure_dictionary import CRC32, DICTIONARY


def test_dictionary_is_that_of_version_1():
    assert len(DICTIONARY) == 6144
    assert zlib.crc32(DICTIONARY) == CRC32 == 0x3A4500D3


def test_typical_structure_costs_less_than_without_the_dictionary():
    data = DICTIONARY[2000:3500] + bytes(range(40)) + DICTIONARY[5000:]
    codec, parameter, coded = compress_residual(data)
    assert codec == DEFLATE
    assert len(coded) < 0.4 * len(zlib.compress(data, 9))
    assert decompress_residual(codec, parameter, coded, len(data)) == data
