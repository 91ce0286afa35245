"""Where the tensors of a container are within its content, and what is left between them."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from keras_ec.coding.adaptive_bits import AdaptiveUint, BitCounts, code_bounded
from keras_ec.coding.range_coder import BitCoder

SIZE_BYTES = 4


@dataclasses.dataclass(frozen=True)
class Position:
    """Position of a tensor.

    Attributes:
        offset: Its first byte.
        size: Number of its bytes.
        sized: Whether the four bytes before it hold `size`, little endian, as the length of a
            flatbuffer's vector does; they then belong to the tensor.
    """

    offset: int
    size: int
    sized: bool

    @property
    def prefix(self) -> bytes:
        """The bytes before the tensor that belong to it."""
        return self.size.to_bytes(SIZE_BYTES, "little") if self.sized else b""


def find_position(content: bytes, offset: int, size: int, end: int) -> Position:
    """Returns the position of `size` bytes at `offset`; the tensor before it ends at `end`."""
    before = content[max(end, offset - SIZE_BYTES) : offset]
    return Position(offset, size, int.from_bytes(before, "little") == size and len(before) == 4)


class PositionCoder:
    """Codes the beginnings of tensors, one after another.

    Args:
        coder: Encoder or decoder.
        size: Bytes of the content.
    """

    def __init__(self, coder: BitCoder, size: int) -> None:
        self._coder = coder
        self._size = size
        self._gaps, self._sized = AdaptiveUint(), BitCounts(1)

    def code(self, end: int, position: Position | None = None) -> tuple[int, bool]:
        """Codes one beginning.

        Args:
            end: Where the tensor before it ends.
            position: The position when encoding, `None` when decoding.

        Returns:
            `offset` and `sized` of the position.

        Raises:
            CorruptFileError: If the tensor would begin behind the content.
        """
        gap = None if position is None else position.offset - end
        gap = code_bounded(self._coder, self._gaps, self._size - end, gap)
        sized = False
        if gap >= SIZE_BYTES:
            bit = None if position is None else np.array([position.sized], np.int32)
            sized = bool(self._sized.code(self._coder, np.zeros(1, np.intp), bit)[0])
        return end + gap, sized


def residual_spans(positions: Sequence[Position], size: int) -> list[range]:
    """Returns the ranges of a content's addresses that no tensor covers.

    Args:
        positions: The tensors, ascending.
        size: Bytes of the content.
    """
    spans, end = [], 0
    for position in positions:
        spans.append(range(end, position.offset - len(position.prefix)))
        end = position.offset + position.size
    spans.append(range(end, size))
    return [span for span in spans if span]
