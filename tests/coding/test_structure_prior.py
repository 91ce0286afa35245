import zlib

from keras_ec.coding.structure_model import CLASSES, INPUTS, SETS
from keras_ec.coding.structure_prior import CRC32, DICTIONARY, WEIGHTS


def test_prior_is_that_of_version_1():
    assert len(DICTIONARY) == 6144
    assert len(WEIGHTS) == SETS * INPUTS * CLASSES == 528
    weights = bytes(weight >> 11 & 255 for weight in WEIGHTS)
    assert zlib.crc32(DICTIONARY + weights) == CRC32 == 0xD9B65164
