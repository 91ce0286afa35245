import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from keras_ec.coding.range_coder import bit_decoder, bit_encoder
from keras_ec.coding.tensor_positions import (
    Position,
    PositionCoder,
    find_position,
    residual_spans,
)


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(1, 300), st.booleans()), min_size=1, max_size=9
    )
)
def test_positions_come_back_and_spans_cover_the_rest(layout):
    content, regions, end = b"", [], 0
    for gap, size, sized in layout:
        content += bytes(gap) + (size.to_bytes(4, "little") if sized else b"")
        regions.append((len(content), size))
        content += b"\xff" * size
    content += bytes(3)
    positions = []
    for offset, size in regions:
        positions.append(find_position(content, offset, size, end))
        end = offset + size
    encoder = bit_encoder()
    coder, end = PositionCoder(encoder, len(content)), 0
    for position in positions:
        coder.code(end, position)
        end = position.offset + position.size
    coder, end = PositionCoder(bit_decoder(encoder.finish()), len(content)), 0
    for position in positions:
        assert coder.code(end) == (position.offset, position.sized)
        end = position.offset + position.size

    covered = np.zeros(len(content), int)
    for span in residual_spans(positions, len(content)):
        covered[span.start : span.stop] += 1
    for position in positions:
        covered[position.offset - len(position.prefix) : position.offset + position.size] += 1
    assert (covered == 1).all()


def test_size_before_a_tensor_belongs_to_it_unless_the_tensor_before_covers_it():
    content = bytes([5, 0, 0, 0]) + bytes(5)
    assert find_position(content, 4, 5, 0) == Position(4, 5, sized=True)
    assert find_position(content, 4, 5, 1) == Position(4, 5, sized=False)
    assert find_position(content, 4, 4, 0) == Position(4, 4, sized=False)
