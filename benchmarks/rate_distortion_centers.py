"""Centers whose assignment weighs distance against code length, as EC2T and ECQ do.

Marban et al. 2020 (arXiv 2004.01077) and Becking et al. 2021 assign a weight w to the center with
the least ``(w - c)^2 - lambda log2 P(c)`` and train with straight-through gradients. Nothing
pulls weights towards centers: sparsity comes of the assignment alone.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from earlier_centers import EarlierUniformCenters
from keras import ops

from keras_ec.assignment import code_lengths, nearest_level
from keras_ec.layers.base import QuantizedWeight
from keras_ec.layers.center_types import CENTER_TYPES

KIND = "rate_distortion"
ROUNDS = 2
"""Alternations of assignment and frequencies in a step."""


@keras.saving.register_keras_serializable("keras_ec_benchmarks")
class RateDistortionCenters(EarlierUniformCenters):
    """Uniform centers with the assignment of ECQ, by their present spacing.

    `rate_scale` times `share` is lambda, in squared spacings a bit. While the assignments are
    frozen, and at lambda = 0, the nearest center is taken.
    """

    kind = KIND
    share = 1.0

    def _cheapest_levels(self, weights: Any) -> Any:
        """Level of the center of least cost: float32, shape of `weights`."""
        low, high = self._bounds
        spacing = self._assigning_spacing()
        price = ops.where(self.frozen > 0, 0.0, self.share * ops.convert_to_tensor(self.rate_scale))
        levels = nearest_level(weights, spacing, low, high)
        for _ in range(ROUNDS):
            lengths = price * code_lengths(self._frequencies(levels), math.prod(weights.shape))
            levels = ops.zeros_like(weights) + low
            least = ops.square(weights / spacing - low) + lengths[0]
            for k in range(1, self.count):
                cost = ops.square(weights / spacing - (low + k)) + lengths[k]
                levels = ops.where(cost < least, low + k, levels)
                least = ops.minimum(cost, least)
        return levels

    def _frequencies(self, levels: Any) -> Any:
        return ops.stack([ops.mean(ops.cast(levels == k, "float32")) for k in self._levels])

    def unfreeze(self) -> None:
        """Lets weights move again, and takes the nearest centers until a schedule sets lambda."""
        super().unfreeze()
        self.rate_scale.assign(0.0)

    def indices(self, weights: Any) -> Any:
        """Assignment: int32, shape of `weights`, values in [0, K)."""
        return ops.cast(self._cheapest_levels(weights) - self._bounds[0], "int32")

    def hard_values(self, weights: Any) -> Any:
        """Value of each weight's center, with straight-through gradients."""
        spacing = self.spacing()
        levels = ops.stop_gradient(self._cheapest_levels(weights))
        passed = weights - ops.stop_gradient(weights)
        return levels * spacing + passed


CENTER_TYPES[KIND] = RateDistortionCenters


def share_by_size(weights: list[QuantizedWeight]) -> None:
    """Scales lambda of each tensor by its size, so that it is whole for the largest one."""
    sizes = [math.prod(weight.variable.shape) for weight in weights]
    for weight, size in zip(weights, sizes, strict=True):
        weight.centers.share = size / max(sizes)
