"""What an .ecz file spends on each tensor."""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_ec.coding.archive_decoder import decode_archive
from keras_ec.coding.container import MeasuredRegion, measure_regions, payload_size
from keras_ec.deploy.archive import StageProgress, stage_progress
from keras_ec.deploy.weight_buffers import WeightBuffer, find_weight_buffers
from keras_ec.tensor_labels import tensor_labels


@dataclasses.dataclass(frozen=True)
class TensorCost:
    """A constant tensor and its cost.

    Attributes:
        name: the tensor's name, or the operator that uses it; see `tensor_labels`.
        shape: its shape.
        dtype: its element type, as in the schema's `TensorType`.
        elements: number of elements.
        alphabet_size: number of distinct integers that its elements are coded as; of
            distinct bit patterns where it is left in the structure.
        entropy_bits: order-0 entropy of these integers, bits of the whole tensor.
        coded_bits: what the tensor takes of the payload, tables included: the code
            length of its decisions, and its own streams of symbols; None where it is
            left in the structure.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    elements: int
    alphabet_size: int
    entropy_bits: float
    coded_bits: float | None

    @property
    def coded_bytes(self) -> float | None:
        """Bytes of the payload, not rounded."""
        return None if self.coded_bits is None else self.coded_bits / 8

    @property
    def bits_per_weight(self) -> float | None:
        """Coded bits an element."""
        return None if self.coded_bits is None else self.coded_bits / self.elements


@dataclasses.dataclass(frozen=True)
class Inspection:
    """The tensors and the parts of an .ecz file.

    Attributes:
        tensors: in the order of their bytes.
        content_bytes: size of the .tflite file.
        file_bytes: size of the .ecz file.
        payload_bytes: what of it are coded tensors.
    """

    tensors: list[TensorCost]
    content_bytes: int
    file_bytes: int
    payload_bytes: int

    @property
    def structure_bytes(self) -> int:
        """Header, checksum and everything that is not coded as a tensor."""
        return self.file_bytes - self.payload_bytes

    @property
    def coded(self) -> list[TensorCost]:
        """The tensors in the payload."""
        return [tensor for tensor in self.tensors if tensor.coded_bits is not None]


def inspect_archive(ecz: bytes, progress: StageProgress | None = None) -> Inspection:
    """Decodes an .ecz file and measures what each tensor takes.

    Tensors are coded one after another into a stream that adapts to all of them, so
    that no byte of it belongs to one alone. The bits of a tensor are the code length
    of its decisions. They sum to the payload, but for the few bits that say how
    many tensors there are, and for rounding.

    Args:
        ecz: content of an .ecz file.
        progress: told what is done: "decode", if Python does it, and "measure".

    Returns:
        Tensors and sizes.

    Raises:
        CorruptFileError: if `ecz` is damaged, truncated or no .ecz file.

    Example:
        >>> report = inspect_archive(open("model.ecz", "rb").read())
        >>> max(report.coded, key=lambda tensor: tensor.coded_bits).name
        'CONV_2D 0 input 1'
    """
    content = decode_archive(ecz, stage_progress(progress, "decode"))
    measured = measure_regions(ecz, stage_progress(progress, "measure"))
    regions = {region.offset: region for region in measured}
    try:
        buffers = {buffer.offset: buffer for buffer in find_weight_buffers(content)}
        labels = tensor_labels(content)
    except ValueError:  # content that is coded as one piece of structure
        buffers, labels = {}, {}
    tensors = []
    for offset in sorted({*regions, *buffers}):
        name = labels.get(offset, f"bytes from {offset}")
        if offset in regions:
            tensors.append(_coded_tensor(name, regions[offset], buffers.get(offset)))
        else:
            tensors.append(_plain_tensor(name, content, buffers[offset]))
    return Inspection(tensors, len(content), len(ecz), payload_size(ecz))


def _coded_tensor(name: str, region: MeasuredRegion, buffer: WeightBuffer | None) -> TensorCost:
    item = region.representation
    counts = _counts(item.integers)
    return TensorCost(
        name=name,
        shape=buffer.shape if buffer else item.shape,
        dtype=buffer.dtype if buffer else f"{8 * item.itemsize} bits",
        elements=item.integers.size,
        alphabet_size=counts.size,
        entropy_bits=_entropy(counts),
        coded_bits=region.bits,
    )


def _plain_tensor(name: str, content: bytes, buffer: WeightBuffer) -> TensorCost:
    elements = buffer.size // buffer.itemsize
    patterns = np.frombuffer(content, f"<u{buffer.itemsize}", elements, buffer.offset)
    counts = _counts(patterns)
    return TensorCost(
        name=name,
        shape=buffer.shape,
        dtype=buffer.dtype,
        elements=elements,
        alphabet_size=counts.size,
        entropy_bits=_entropy(counts),
        coded_bits=None,
    )


def _counts(integers: np.ndarray) -> np.ndarray:
    """Numbers of occurrences of the distinct values, shape (distinct values,)."""
    low, high = int(integers.min()), int(integers.max())
    if high - low < 1 << 16:
        counts = np.bincount(integers.ravel().astype(np.int64) - low)
        return counts[counts > 0]
    return np.unique(integers, return_counts=True)[1]


def _entropy(counts: np.ndarray) -> float:
    """Order-0 entropy in bits of all elements together."""
    return float(-(counts * np.log2(counts / counts.sum())).sum()) + 0.0
