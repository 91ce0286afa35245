"""The rate of short vectors, such as biases, which are coded on a grid, not on centers."""

from __future__ import annotations

import math
from typing import Any

from keras import ops

Tensor = Any


def vector_bits(values: Tensor, step: Tensor) -> Tensor:
    """Smooth estimate of the bits that a vector takes: ``n * log2(1 + mean |v| / step)``.

    It grows as the code length of values from a Laplace distribution, rounded to
    multiples of the step, and is 0 for a vector of zeros. What matters is its
    gradient: the same small pull to zero for every entry. An entry that the task
    does not need, the bias of a unit without inputs or outputs, ends at exactly 0
    once it is rounded; hardening such a network finds long runs of zeros.

    Args:
        values: float32, n elements.
        step: float32 scalar > 0, held constant: the magnitude from which on an
            entry matters.

    Returns:
        float32 scalar, bits.

    Example:
        >>> float(vector_bits(ops.array([3.0, -1.0, 0.0, 0.0]), 1.0))
        4.0
    """
    mean = ops.mean(ops.abs(values))
    ratio = mean / ops.stop_gradient(ops.convert_to_tensor(step))
    return math.prod(values.shape) * ops.log1p(ratio) / math.log(2.0)
