"""Centers that are all trained, but for one at zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_ec import assignment
from keras_ec.layers.centers import LEAST_GAP, Centers, unit_of
from keras_ec.rounding import round_mantissa

Tensor = Any


@keras.saving.register_keras_serializable("keras_ec")
class FreeCenters(Centers):
    """K centers ``unit * level``, every level trainable but one pinned at 0."""

    kind = "free"

    def _create_values(self, gap: Callable[[], Tensor]) -> None:
        def unit(shape=(), dtype=None):
            return unit_of(gap())

        def levels(shape=(), dtype=None):
            return self._levels * gap() / unit_of(gap())

        shape = (self.count,)
        self._mask = (self._levels != 0).astype("float32")
        self.unit = self._state("unit", unit)
        self.levels = self._state("levels", levels, shape, True, self._spread)
        self.frozen_levels = self._state("frozen_levels", levels, shape)

    def _spread(self, levels: Tensor) -> Tensor:
        """Levels, moved apart from 0 where their mean gap is below `LEAST_GAP`, each as any other.

        They may have crossed, so what counts is how many lie between a level and 0.
        """
        present = levels * self._mask
        gap = assignment.mean_gap(ops.sort(present))
        ranks = ops.cast(ops.argsort(ops.argsort(present)), "float32")
        steps = ranks - ranks[int(np.argmin(self._mask))]
        return levels + ops.maximum(LEAST_GAP - gap, 0.0) * steps

    def _set_gap(self, gap: Tensor) -> None:
        self.unit.assign(unit_of(gap))
        self.levels.assign(self._levels * gap / unit_of(gap))

    def values(self) -> Tensor:
        """Present centers: float32, shape (K,), sorted."""
        return self.unit * ops.sort(self.levels * self._mask)

    def assigning_values(self) -> Tensor:
        """Centers that decide the assignment, see `Centers`."""
        frozen = self.unit * self.frozen_levels
        present = ops.stop_gradient(self.values()) * (self._assigning_gap() / self.gap())
        return ops.where(self.frozen > 0, frozen, present)

    def indices(self, weights: Tensor) -> Tensor:
        """Hard assignment: int32, shape of `weights`, values in [0, K)."""
        return assignment.nearest(weights, self.assigning_values())

    def hard_values(self, weights: Tensor) -> Tensor:
        """Value of each weight's center, with straight-through gradients."""
        count = self.count

        @ops.custom_gradient
        def evaluate(weights, centers, assigning):
            indices = assignment.nearest(weights, assigning)

            def gradient(*args, upstream=None):
                if upstream is None:
                    (upstream,) = args
                of_centers = ops.segment_sum(
                    ops.reshape(upstream, (-1,)), ops.reshape(indices, (-1,)), num_segments=count
                )
                return upstream, of_centers, ops.zeros_like(assigning)

            return ops.take(centers, indices), gradient

        return evaluate(weights, self.values(), self.assigning_values())

    def freeze(self) -> None:
        """Remembers the present centers; they decide all assignments from now on."""
        self.frozen_levels.assign(ops.sort(self.levels * self._mask))
        self.frozen.assign(1.0)

    def round_values(self) -> None:
        """Rounds every center to `MANTISSA_BITS` significant bits."""
        self.levels.assign(round_mantissa(ops.convert_to_numpy(self.levels)))
