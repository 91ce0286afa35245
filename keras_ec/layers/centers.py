"""Centers: the values that the weights of one tensor may take.

A `Centers` object belongs to one weight tensor of an EC layer and is tracked by
it as a sublayer, so that its state is saved and restored with the layer. Centers
are ``unit * levels``, where the unit is a power of two fixed at creation. Levels
are of order one, which makes one learning rate right for every layer, and the
products are exact in float32.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_ec import assignment
from keras_ec.regularizers import read

Tensor = Any

LEAST_GAP = 0.5
"""Least mean gap of the levels that training leaves; the first one is between 1 and 2."""

SMALLEST = 1e-30
"""Kernels of no larger weight are taken for zeros: float32 has no gaps for theirs."""


def check_centers(centers: int | Sequence[float], evenly_spaced: bool) -> np.ndarray | None:
    """Validates the argument `centers` of an EC layer.

    Args:
        centers: number of centers, or their initial values.
        evenly_spaced: whether values have to be neighbouring multiples of one spacing.

    Returns:
        Sorted float32 values, shape (K,), or None where a count was given.

    Raises:
        ValueError: if there are fewer than two centers, or values are not
            finite, repeat, hold no zero, or are not evenly spaced where they have to.
    """
    if np.ndim(centers) == 0:
        if not isinstance(centers, numbers.Integral) or isinstance(centers, bool) or centers < 2:
            raise ValueError(
                "`centers` must be a whole number of at least 2, or a sequence of initial "
                f"values. Received: centers={centers!r}"
            )
        return None
    values = np.sort(np.asarray(centers, "float32").reshape(-1))
    problem = None
    if len(values) < 2:
        problem = "at least two values"
    elif not np.all(np.isfinite(values)):
        problem = "finite values"
    elif len(np.unique(values)) < len(values):
        problem = "distinct values"
    elif not np.any(values == 0):
        problem = "values that include 0, which is the center of pruned weights"
    elif evenly_spaced:
        gap = (values[-1] - values[0]) / (len(values) - 1)
        if not np.allclose(values / gap, np.round(values / gap), atol=1e-3):
            problem = "evenly spaced multiples of one spacing (or use center_type='free')"
    if problem:
        raise ValueError(f"`centers` must be {problem}. Received: centers={list(centers)!r}")
    return values


def unit_of(gap: Tensor) -> Tensor:
    """Largest power of two that is not above `gap`."""
    return ops.power(2.0, ops.floor(ops.log2(gap)))


class FunctionConstraint(keras.constraints.Constraint):
    """Constraint by a function of the value; Keras before 3.15 takes no bare function.

    Args:
        function: maps a value, float32, to one that is allowed, of the same shape.
    """

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        self.function = function

    def __call__(self, value: Tensor) -> Tensor:
        """The allowed value."""
        return self.function(value)


@keras.saving.register_keras_serializable("keras_ec")
class Centers(keras.layers.Layer):
    """Centers of one weight tensor and the state of its assignment.

    Subclasses hold the trainable values. Common to them are five scalars, all
    float32 and saved with the layer:

    - `unit`: power of two that scales the levels.
    - `temperature`: of the soft assignment, in mean gaps between centers.
    - `rate_scale`: factor on the entropy penalty, which schedules ramp.
    - `frozen`: 1 while the assignments are frozen, else 0.
    - `largest_gap`: mean gap that assignments are decided by, at least.

    While they are not frozen, assignments are those of the present centers spread to the largest
    mean gap of all training steps since the centers were made, reset, thawed or hardened.
    Weights do not move when all centers shrink: the zeros among them would become something
    else. So weights change centers when these spread, and below the largest gap the scale of the
    centers is only that of the values. (Single free centers that move do change assignments.)
    Before a BatchNormalization a scale has next to no gradient, but Adam makes full steps of
    what there is. Optimizers keep the mean gap at `LEAST_GAP` units or more, a quarter to a half of
    the first one, by a constraint of the trainable weight, so that outputs stay above the epsilon
    of the normalization.

    Args:
        centers: number of centers K, or their initial values.
        **kwargs: arguments of `keras.layers.Layer`.
    """

    kind = ""
    evenly_spaced = False

    def __init__(self, centers: int | Sequence[float] = 15, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self._initial = check_centers(centers, self.evenly_spaced)
        if self._initial is None:
            self.count = int(centers)
            self._levels = np.arange(self.count, dtype="float32") - self.count // 2
        else:
            self.count = len(self._initial)
            gap = float(self._initial[-1] - self._initial[0]) / (self.count - 1)
            self._levels = (self._initial / np.float32(gap)).astype("float32")

    def _state(
        self,
        name: str,
        value: Any,
        shape: tuple = (),
        trainable: bool = False,
        constraint: Callable[[Tensor], Tensor] | None = None,
    ) -> Any:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=value,
            trainable=trainable,
            constraint=FunctionConstraint(constraint) if constraint else None,
            autocast=False,
        )

    def create(self, weights: keras.Variable) -> None:
        """Creates the state for a weight tensor, spread over its present values."""
        self._weights = lambda: weights  # a function, so that the variable is tracked once
        self._create_values(lambda: self._initial_gap(weights))
        self.temperature = self._state("temperature", keras.initializers.Constant(0.5))
        self.rate_scale = self._state("rate_scale", "ones")
        self.frozen = self._state("frozen", "zeros")
        self.largest_gap = self._state("largest_gap", lambda shape, dtype=None: self.gap())
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """The weights that the centers belong to, in float32.

        A layer that computes in half precision reads its variables in half
        precision. Assignments are decided on the weights proper, so they are
        read within a call of this layer, whose dtype is float32.

        Args:
            inputs: not used; Keras layers cannot be called without an input.
        """
        return read(self._weights())

    def _initial_gap(self, weights: Any) -> Tensor:
        """Gap of given initial values, or that which spans the largest weight."""
        if self._initial is not None:
            gap = float(self._initial[-1] - self._initial[0]) / (self.count - 1)
            return ops.convert_to_tensor(gap, "float32")
        reach = float(np.max(np.abs(self._levels)))
        largest = ops.max(ops.abs(read(weights)))
        return ops.where(largest > SMALLEST, largest, 1.0) / reach

    def _create_values(self, gap: Callable[[], Tensor]) -> None:
        raise NotImplementedError

    def _set_gap(self, gap: Tensor) -> None:
        raise NotImplementedError

    def reset(self, weights: Any) -> None:
        """Spreads the centers anew over the values of `weights` and thaws them."""
        self._set_gap(self._initial_gap(weights))
        self.unfreeze()

    def values(self) -> Tensor:
        """Present centers: float32, shape (K,), sorted."""
        raise NotImplementedError

    def gap(self) -> Tensor:
        """Present mean gap between centers: float32 scalar, without a gradient."""
        return assignment.mean_gap(ops.stop_gradient(self.values()))

    def _assigning_gap(self) -> Tensor:
        """Mean gap of the centers that decide the assignment while it is not frozen."""
        return ops.maximum(self.gap(), self.largest_gap)

    def observe(self) -> None:
        """Takes the present gap into account; EC layers do this in every training step."""
        self.largest_gap.assign(self._assigning_gap())

    def assigning_values(self) -> Tensor:
        """Centers that decide the assignment: float32, shape (K,), sorted, without a gradient.

        Those of the largest gap so far, or while frozen those at freezing.
        """
        raise NotImplementedError

    def indices(self, weights: Tensor) -> Tensor:
        """Hard assignment: int32, shape of `weights`, values in [0, K)."""
        raise NotImplementedError

    def hard_values(self, weights: Tensor) -> Tensor:
        """Value of each weight's center, with straight-through gradients.

        The gradient passes unchanged to the weights, and summed over the
        weights of each center to the centers.
        """
        raise NotImplementedError

    def freeze(self) -> None:
        """Remembers the present centers; they decide all assignments from now on.

        Weights that are at their centers, as after `QuantizedWeight.settle`, keep theirs.
        """
        raise NotImplementedError

    def unfreeze(self) -> None:
        """Lets the present centers decide the assignments again, and forgets larger gaps.

        Weights that are at their centers keep their assignments.
        """
        self.frozen.assign(0.0)
        self.largest_gap.assign(self.gap())

    def round_values(self) -> None:
        """Rounds the centers to `MANTISSA_BITS` significant bits."""
        raise NotImplementedError

    def hard_bits(self, weights: Tensor) -> Tensor:
        """Order-0 entropy of the hard assignment of `weights`, in bits."""
        return assignment.hard_bits(self.indices(weights), self.count)

    def moments(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of `weights` under their assignment.

        The soft one in training; while frozen, the hard one without variance.
        """
        gap = assignment.mean_gap(self.values())
        scaled = weights * (gap / ops.maximum(gap, self._assigning_gap()))
        mean, variance = assignment.soft_moments(scaled, self.values(), self.temperature)
        frozen = self.frozen > 0
        hard = self.hard_values(weights)
        return ops.where(frozen, hard, mean), ops.where(frozen, 0.0, variance)

    def get_config(self) -> dict[str, Any]:
        """Configuration from which an equal object can be made."""
        initial = self.count if self._initial is None else [float(v) for v in self._initial]
        return {**super().get_config(), "centers": initial}
