import numpy as np
import pytest

from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.residual import (
    LZMA,
    STORED,
    STRUCTURE,
    compress_residual,
    decompress_residual,
)
from keras_ec.coding.structure_prior import DICTIONARY


def _noise(size):
    return np.random.default_rng(0).bytes(size)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", STORED),
        (_noise(3000), STORED),
        (_noise(40_000), STORED),
        (DICTIONARY[1000:3000], STRUCTURE),
        (_noise(2500) * 40, LZMA),
    ],
    ids=["empty", "noise", "long noise", "structure", "long repetition"],
)
def test_best_codec_is_chosen_and_decodes(data, expected):
    spans = [range(8, 8 + len(data))]
    codec, parameter, coded = compress_residual(data, spans)
    assert codec == expected
    assert len(coded) <= len(data)
    assert decompress_residual(codec, parameter, coded, spans) == data


@pytest.mark.parametrize("codec", [STORED, LZMA])
@pytest.mark.parametrize("size", [0, 99, 101])
def test_wrong_sizes_are_refused(codec, size):
    data = bytes(100)
    coded, parameter = data, 0
    if codec == LZMA:
        found, parameter, coded = compress_residual(data * 1000, [range(100_000)])
        assert found == LZMA
        size *= 1000
    with pytest.raises(CorruptFileError, match="residual"):
        decompress_residual(codec, parameter, coded, [range(size)])


def test_structure_has_a_largest_size():
    with pytest.raises(CorruptFileError, match="at most 32768"):
        decompress_residual(STRUCTURE, 0, bytes(200), [range(32769)])
    with pytest.raises(CorruptFileError, match="at most 1024"):
        decompress_residual(STRUCTURE, 0, b"", [range(1025)])


@pytest.mark.parametrize(("codec", "parameter"), [(3, 0), (255, 0), (LZMA, 225), (LZMA, 44)])
def test_unknown_codecs_and_parameters_are_refused(codec, parameter):
    with pytest.raises(CorruptFileError, match="Expected"):
        decompress_residual(codec, parameter, b"", [range(1)])
