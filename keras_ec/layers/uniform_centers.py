"""Centers on a uniform grid, with one trainable spacing."""

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

MIN_SPREAD = 2.0**-6
"""Least multiplier of the grid, relative to its unit."""


@keras.saving.register_keras_serializable("keras_ec")
class UniformCenters(Centers):
    """Centers ``k * d`` for whole numbers k, with one trainable spacing d.

    ``d = unit * multiplier``; the multiplier is the trainable weight. An optimizer keeps it
    at `LEAST_GAP` or more, see `Centers`.
    """

    kind = "uniform"
    evenly_spaced = True

    def _create_values(self, gap: Callable[[], Tensor]) -> None:
        self._levels = np.round(self._levels)
        self.unit = self._state("unit", lambda shape, dtype=None: unit_of(gap()))
        self.multiplier = self._state(
            "multiplier",
            lambda shape, dtype=None: gap() / unit_of(gap()),
            trainable=True,
            constraint=lambda multiplier: ops.maximum(multiplier, LEAST_GAP),
        )
        self.frozen_spacing = self._state("frozen_spacing", lambda shape, dtype=None: gap())

    def _set_gap(self, gap: Tensor) -> None:
        self.unit.assign(unit_of(gap))
        self.multiplier.assign(gap / unit_of(gap))

    @property
    def _bounds(self) -> tuple[float, float]:
        return float(self._levels[0]), float(self._levels[-1])

    def spacing(self) -> Tensor:
        """Present spacing d, float32 scalar."""
        return self.unit * ops.maximum(self.multiplier, MIN_SPREAD)

    def gap(self) -> Tensor:
        """Present spacing, without a gradient."""
        return ops.stop_gradient(self.spacing())

    def _assigning_spacing(self) -> Tensor:
        frozen = ops.convert_to_tensor(self.frozen_spacing)
        return ops.where(self.frozen > 0, frozen, self._assigning_gap())

    def values(self) -> Tensor:
        """Present centers: float32, shape (K,), sorted."""
        return self.spacing() * self._levels

    def assigning_values(self) -> Tensor:
        """Centers that decide the assignment, see `Centers`."""
        return self._assigning_spacing() * self._levels

    def indices(self, weights: Tensor) -> Tensor:
        """Hard assignment: int32, shape of `weights`, values in [0, K)."""
        low, high = self._bounds
        levels = assignment.nearest_level(weights, self._assigning_spacing(), low, high)
        return ops.cast(levels - low, "int32")

    def hard_values(self, weights: Tensor) -> Tensor:
        """Value of each weight's center, with straight-through gradients."""
        low, high = self._bounds

        @ops.custom_gradient
        def evaluate(weights, spacing, assigning):
            levels = assignment.nearest_level(weights, assigning, low, high)

            def gradient(*args, upstream=None):
                if upstream is None:
                    (upstream,) = args
                return upstream, ops.sum(upstream * levels), ops.zeros_like(assigning)

            return levels * spacing, gradient

        return evaluate(weights, self.spacing(), self._assigning_spacing())

    def freeze(self) -> None:
        """Remembers the present spacing; it decides all assignments from now on."""
        self.frozen_spacing.assign(self.spacing())
        self.frozen.assign(1.0)

    def round_values(self) -> None:
        """Rounds the spacing to `MANTISSA_BITS` significant bits."""
        spread = max(float(ops.convert_to_numpy(self.multiplier)), MIN_SPREAD)
        self.multiplier.assign(round_mantissa(spread))
