"""Runs of zeros that are taken out of structure, where it is too large for its model by little."""

import re
from collections.abc import Sequence

import numpy as np

from keras_ec.coding.container import Region
from keras_ec.coding.representation import as_integers, bytes_of

_RUN = re.compile(rb"\0{24,}")
"""Shorter runs are not worth a tensor of their own, which takes two to three bytes."""


def zero_regions(content: bytes, regions: Sequence[Region], largest: int) -> list[Region]:
    """Finds the longest runs of zeros, as many as leave no more than `largest` bytes of structure.

    Args:
        content: what is to be coded.
        regions: tensors in it, ascending and disjoint.
        largest: number of bytes.

    Returns:
        Regions of zeros, disjoint from the others and from each other, in no order; none where
        there is no more than that, or where zeros are too few.
    """
    gaps, start = [], 0
    for region in regions:
        gaps.append((start, region.offset))
        start = region.offset + bytes_of(region.representation)
    gaps.append((start, len(content)))
    excess = sum(end - begin for begin, end in gaps) - largest
    if excess <= 0:
        return []
    found = [match.span() for gap in gaps for match in _RUN.finditer(content, *gap)]
    chosen = []
    for begin, end in sorted(found, key=lambda span: span[0] - span[1]):
        chosen.append(Region(begin, as_integers(np.zeros(end - begin, np.uint8))))
        excess -= end - begin
        if excess <= 0:
            return chosen
    return []
