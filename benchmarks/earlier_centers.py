"""Centers whose present gap decides the assignments, as those of the library did at first.

Stored results without the setting `largest_gap` were measured with them. They had one thing more
that is otherwise now: while assignments were frozen, the rate of biases was in the gap at freezing.
"""

from __future__ import annotations

from typing import Any

import keras

from keras_ec.layers.center_types import CENTER_TYPES
from keras_ec.layers.centers import Centers
from keras_ec.layers.free_centers import FreeCenters
from keras_ec.layers.uniform_centers import UniformCenters

EARLIER = "earlier_"
"""Prefix of the kinds."""


class EarlierCenters(Centers):
    """Mixin for centers without memory of larger gaps, and without a least gap."""

    def create(self, weights: keras.Variable) -> None:
        """Creates the state; the trained values have no constraint."""
        super().create(weights)
        for variable in self.trainable_variables:
            variable.constraint = None

    def _assigning_gap(self) -> Any:
        return self.gap()


@keras.saving.register_keras_serializable("keras_ec_benchmarks")
class EarlierUniformCenters(EarlierCenters, UniformCenters):
    """Uniform centers, as they were."""

    kind = EARLIER + UniformCenters.kind


@keras.saving.register_keras_serializable("keras_ec_benchmarks")
class EarlierFreeCenters(EarlierCenters, FreeCenters):
    """Free centers, as they were."""

    kind = EARLIER + FreeCenters.kind


CENTER_TYPES.update({kind.kind: kind for kind in (EarlierUniformCenters, EarlierFreeCenters)})
