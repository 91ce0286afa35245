"""Runs of zeros that are taken out of structure, where it is too large for its model by little."""

import re
from collections.abc import Sequence

import numpy as np

from keras_ec.coding.container import Region
from keras_ec.coding.representation import as_integers

_RUN = re.compile(rb"\0{24,}")
"""Shorter runs are not worth a tensor of their own, which takes two to three bytes."""


def zero_regions(content: bytes, taken: Sequence[range], excess: int) -> list[Region]:
    """Finds the longest runs of zeros, as many as hold a number of bytes.

    Args:
        content: what is to be coded.
        taken: positions where no zeros are to be taken, ascending and disjoint.
        excess: number of bytes that structure has to lose.

    Returns:
        Regions of zeros, disjoint from each other and from what is taken, in no order; none where
        there is no excess, or where zeros are too few.
    """
    if excess <= 0:
        return []
    edges = [0, *(edge for span in taken for edge in (span.start, span.stop)), len(content)]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    found = [match.span() for gap in gaps for match in _RUN.finditer(content, *gap)]
    chosen = []
    for begin, end in sorted(found, key=lambda span: span[0] - span[1]):
        chosen.append(Region(begin, as_integers(np.zeros(end - begin, np.uint8))))
        excess -= end - begin
        if excess <= 0:
            return chosen
    return []
