import keras
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from keras_ec.coding.container import Region
from keras_ec.coding.representation import as_integers, bytes_of
from keras_ec.coding.structure_model import MAX_SIZE
from keras_ec.deploy.archive import compress_bytes, decompress_bytes
from keras_ec.deploy.export import tflite_bytes
from keras_ec.deploy.weight_buffers import find_weight_buffers
from keras_ec.deploy.zero_runs import zero_regions

PIECES = st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=30)


def _content(pieces):
    """Alternating kinds of bytes: zeros, and others."""
    return b"".join(bytes(size) if zero else b"\7" * size for zero, size in pieces)


def _region(start, stop):
    return Region(start, as_integers(np.zeros(stop - start, np.uint8)))


def _left(content, regions):
    return len(content) - sum(bytes_of(region.representation) for region in regions)


@given(PIECES, st.integers(0, 900), st.integers(0, 60), st.integers(0, 60))
def test_as_many_as_are_needed_or_none(pieces, largest, start, size):
    content = _content(pieces)
    start = min(start, len(content))
    tensors = [_region(start, min(start + size, len(content)))] if size and len(content) else []
    found = zero_regions(content, tensors, largest)
    regions, end = sorted([*tensors, *found], key=lambda region: region.offset), 0
    for region in regions:
        assert region.offset >= end
        end = region.offset + bytes_of(region.representation)
    for region in found:
        covered = content[region.offset : region.offset + bytes_of(region.representation)]
        assert not any(covered) and len(covered) >= 24
    if found:
        shortest = min(bytes_of(region.representation) for region in found)
        assert _left(content, regions) <= largest < _left(content, regions) + shortest


def test_the_longest_come_first():
    content = b"x" + bytes(30) + b"x" + bytes(50) + b"x" + bytes(40) + b"x"
    found = [zero_regions(content, [], len(content) - n) for n in (0, 1, 50, 51, 120, 121)]
    assert [[bytes_of(r.representation) for r in regions] for regions in found] == [
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
