import os
import sys

import keras
from hypothesis import given
from hypothesis import strategies as st

from keras_ec.coding.representation import bytes_of
from keras_ec.coding.structure_model import MAX_SIZE
from keras_ec.deploy.archive import compress_bytes, decompress_bytes
from keras_ec.deploy.export import tflite_bytes
from keras_ec.deploy.weight_buffers import find_weight_buffers
from keras_ec.deploy.zero_runs import zero_regions

sys.path.insert(0, os.path.dirname(__file__))
from tflite_builder import build_tflite

PIECES = st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=30)


def _content(pieces):
    """Alternating kinds of bytes: zeros, and others."""
    return b"".join(bytes(size) if zero else b"\7" * size for zero, size in pieces)


def _size(region):
    return bytes_of(region.representation)


@given(PIECES, st.integers(-5, 900), st.integers(0, 60), st.integers(0, 60))
def test_as_many_as_are_needed_or_none(pieces, excess, start, size):
    content = _content(pieces)
    start = min(start, len(content))
    taken = [range(start, min(start + size, len(content)))] if size else []
    found = zero_regions(content, taken, excess)
    spans = [*taken, *(range(r.offset, r.offset + _size(r)) for r in found)]
    assert len(set().union(*spans)) == sum(map(len, spans))
    for region in found:
        assert _size(region) >= 24
        assert not any(content[region.offset : region.offset + _size(region)])
    if found:
        assert sum(map(_size, found)) - min(map(_size, found)) < excess <= sum(map(_size, found))


def test_the_longest_come_first():
    content = b"x" + bytes(30) + b"x" + bytes(50) + b"x" + bytes(40) + b"x"
    found = [zero_regions(content, [], excess) for excess in (0, 1, 50, 51, 120, 121)]
    assert [[_size(region) for region in regions] for regions in found] == [
        [],
        [50],
        [50],
        [50, 40],
        [50, 40, 30],
        [],
    ]


def test_structure_that_is_too_large_by_little_gets_its_model(monkeypatch):
    """Names that were blanked are runs of zeros."""
    name = "a_layer_whose_name_is_a_run_of_zeros_in_the_end"
    model = keras.Sequential([keras.Input((4,))])
    for number in range(65):
        model.add(keras.layers.Dense(4, activation="sigmoid", name=f"{name}_{number}"))
    content = tflite_bytes(model)
    structure = len(content) - sum(buffer.size for buffer in find_weight_buffers(content))
    assert MAX_SIZE < structure < 1.2 * MAX_SIZE
    archive = compress_bytes(content)
    assert decompress_bytes(archive) == content
    monkeypatch.setattr("keras_ec.deploy.archive.zero_regions", lambda *_: [])
    assert len(archive) < len(compress_bytes(content))


def test_many_runs_do_not_cost_more_than_they_save():
    """LZMA codes what repeats itself; far too much structure is not tried at all."""
    for repeats in (400, 16000):
        content = build_tflite({}, metadata={"more": repeats * (b"ab" + bytes(100))})
        assert decompress_bytes(archive := compress_bytes(content)) == content
        assert len(archive) < 600
