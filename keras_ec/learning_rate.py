"""Learning rates for training that ends with frozen assignments."""

from __future__ import annotations

import math
import numbers
from typing import Any

import keras
from keras import ops

Tensor = Any


def restarted_cosine(
    initial: float, steps_per_epoch: int, epochs: int, fine_tune_epochs: int, last: float = 0.01
) -> keras.optimizers.schedules.LearningRateSchedule:
    """Learning rate that falls along a cosine, and once more while assignments are frozen.

    At the end of one cosine over all epochs, centers, biases and normalization have next to no
    learning rate left to make up for frozen assignments. Pass the same `fine_tune_epochs` to
    `keras_ec.callbacks.HardenAssignments`. Restarts are those of SGDR (Loshchilov and Hutter
    2017, arXiv 1608.03983). Steps beyond the last epoch have the last learning rate.

    Args:
        initial: first learning rate of both cosines, > 0.
        steps_per_epoch: batches an epoch, a whole number >= 1.
        epochs: all epochs of `fit`, a whole number.
        fine_tune_epochs: those at the end with frozen assignments; 0 for one cosine alone.
        last: last learning rate of both, as a share of the first, 0 to 1.

    Returns:
        A learning rate for any Keras optimizer.

    Raises:
        ValueError: if an argument is not one of the above, or no epoch is left before the
            frozen ones.

    Example:
        >>> rate = restarted_cosine(2e-3, steps_per_epoch=12, epochs=40, fine_tune_epochs=5)
        >>> [round(float(rate(12 * epoch)), 6) for epoch in (0, 34, 35, 39)]
        [0.002, 2.4e-05, 0.002, 0.000209]
    """
    _check_count("steps_per_epoch", steps_per_epoch, 1)
    _check_count("epochs", epochs, 1)
    _check_count("fine_tune_epochs", fine_tune_epochs, 0)
    if fine_tune_epochs >= epochs:
        raise ValueError(
            "Expected fewer `fine_tune_epochs` than `epochs`. "
            f"Received: fine_tune_epochs={fine_tune_epochs}, epochs={epochs}"
        )
    if not (_is_finite(initial) and _is_finite(last) and initial > 0 and 0 <= last <= 1):
        raise ValueError(
            "Expected a learning rate > 0 and a last share of 0 to 1. "
            f"Received: initial={initial!r}, last={last!r}"
        )
    steps = steps_per_epoch * (epochs - fine_tune_epochs)
    if fine_tune_epochs == 0:
        return keras.optimizers.schedules.CosineDecay(float(initial), int(steps), alpha=float(last))
    return RestartedCosine(initial, steps, steps_per_epoch * fine_tune_epochs, last)


@keras.saving.register_keras_serializable("keras_ec")
class RestartedCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Two cosines, one after the other, from the same learning rate; see `restarted_cosine`.

    Args:
        initial: first learning rate of both.
        first_steps: length of the first cosine, in steps.
        second_steps: that of the second. Steps after it have the last learning rate.
        last: last learning rate of both, as a share of the first.

    Example:
        >>> rate = RestartedCosine(1.0, first_steps=10, second_steps=4, last=0.0)
        >>> [round(float(rate(step)), 6) for step in (0, 5, 10, 12, 14, 99)]
        [1.0, 0.5, 1.0, 0.5, 0.0, 0.0]
    """

    def __init__(self, initial: float, first_steps: int, second_steps: int, last: float) -> None:
        self.initial = float(initial)
        self.first_steps = int(first_steps)
        self.second_steps = int(second_steps)
        self.last = float(last)

    def __call__(self, step: Tensor) -> Tensor:
        """Learning rate at a step: float32 scalar."""
        step = ops.cast(step, "float32")
        first = step / self.first_steps
        second = ops.minimum((step - self.first_steps) / self.second_steps, 1.0)
        done = ops.where(step < self.first_steps, first, second)
        share = 0.5 * (1.0 + ops.cos(math.pi * done))
        return self.initial * (self.last + (1.0 - self.last) * share)

    def get_config(self) -> dict[str, Any]:
        """Configuration from which an equal schedule can be made."""
        return {
            "initial": self.initial,
            "first_steps": self.first_steps,
            "second_steps": self.second_steps,
            "last": self.last,
        }


def _check_count(name: str, count: int, least: int) -> None:
    if not isinstance(count, numbers.Integral) or count < least:
        raise ValueError(f"Expected a whole number >= {least}. Received: {name}={count!r}")


def _is_finite(value: float) -> bool:
    return isinstance(value, numbers.Real) and math.isfinite(value)
