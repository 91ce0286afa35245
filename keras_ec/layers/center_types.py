"""Which class of centers stands for which value of `center_type`."""

from __future__ import annotations

from collections.abc import Sequence

from keras_ec.layers.centers import Centers
from keras_ec.layers.free_centers import FreeCenters
from keras_ec.layers.uniform_centers import UniformCenters

CENTER_TYPES: dict[str, type[Centers]] = {kind.kind: kind for kind in (UniformCenters, FreeCenters)}


def make_centers(centers: int | Sequence[float], center_type: str, name: str) -> Centers:
    """Centers of a type given by name.

    Args:
        centers: number of centers, or their initial values.
        center_type: key of `CENTER_TYPES`.
        name: name of the object among the sublayers of its owner.

    Returns:
        The `Centers` object, not yet created for a weight tensor.

    Raises:
        ValueError: if the type is unknown or the centers are not valid.
    """
    if not isinstance(center_type, str) or center_type not in CENTER_TYPES:
        raise ValueError(
            f"`center_type` must be one of {sorted(CENTER_TYPES)}. Received: {center_type!r}"
        )
    return CENTER_TYPES[center_type](centers, name=name)
