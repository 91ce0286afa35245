"""The entropy penalty on quantized weights."""

from __future__ import annotations

import math
import numbers
from typing import Any

import keras
from keras import ops

from keras_ec.assignment import relaxed_bits
from keras_ec.structured_rate import geometric_bits, structured_bits
from keras_ec.vector_rate import vector_bits

Tensor = Any

RATE_MODELS = {
    "structured": structured_bits,
    "geometric": geometric_bits,
    "order_0": relaxed_bits,
}
"""Rates in bits as functions of weights, centers and temperature, by name."""


NORMALIZATION_STEP = 0.05
"""Change of a normalization's scale or offset that matters; its inputs are of order one."""


@keras.saving.register_keras_serializable("keras_ec")
class EntropyRegularizer(keras.regularizers.Regularizer):
    """Penalty ``alpha * bits * ln(2) / num_examples`` on the rate of a layer.

    With a mean cross-entropy in nats over `num_examples` training examples,
    loss plus penalty is the description length of labels and weights divided
    by the number of examples; alpha = 1 is the two-part code of
    arXiv 1812.07520. Values of 0.05 to 0.5 are usual.

    The rate is relaxed: a smooth function of the weights. "order_0" is the entropy
    of one PMF for the whole tensor, as in the paper. "structured" lets every row,
    column and channel have its own frequency of non-zeros, as the coder does, so
    that training leaves whole units unused. "geometric" does so as well, and takes non-zeros
    for the dearer the larger they are: for networks whose kernels stay dense otherwise, such
    as transformers.

    Pass it to EC layers as `entropy_regularizer`; they call it with the relaxed
    entropy of their weights and add the result to ``model.losses``, once a
    layer, whichever way the model is trained.

    Args:
        alpha: weight of the rate, >= 0.
        num_examples: number of training examples, >= 1.
        rate_model: "structured", "geometric" or "order_0".

    Raises:
        ValueError: if alpha is negative, num_examples below 1, or the rate model
            unknown.

    Example:
        >>> penalty = EntropyRegularizer(alpha=0.2, num_examples=60000)
        >>> round(float(penalty(1e6)), 3)
        2.31
    """

    def __init__(self, alpha: float, num_examples: int, rate_model: str = "structured") -> None:
        if not (isinstance(alpha, numbers.Real) and math.isfinite(alpha) and alpha >= 0):
            raise ValueError(f"`alpha` must be a finite number >= 0. Received: alpha={alpha!r}")
        whole = isinstance(num_examples, numbers.Real) and num_examples % 1 == 0
        if not (whole and num_examples >= 1):
            raise ValueError(
                "`num_examples` must be the number of training examples, a whole number >= 1. "
                f"Received: num_examples={num_examples!r}"
            )
        if not isinstance(rate_model, str) or rate_model not in RATE_MODELS:
            raise ValueError(
                f"`rate_model` must be one of {sorted(RATE_MODELS)}. Received: {rate_model!r}"
            )
        self.alpha = float(alpha)
        self.num_examples = int(num_examples)
        self.rate_model = rate_model

    def bits(self, weights: Tensor, centers: Tensor, temperature: Tensor) -> Tensor:
        """Relaxed rate of a weight tensor by the regularizer's model.

        Args:
            weights: float32, any shape.
            centers: float32, shape (K,), sorted, one of them 0.
            temperature: float32 scalar > 0, in mean gaps.

        Returns:
            float32 scalar, bits.
        """
        return RATE_MODELS[self.rate_model](weights, centers, temperature)

    def __call__(self, bits: Tensor) -> Tensor:
        """Penalty for a rate.

        Args:
            bits: scalar, rate of a layer in bits.

        Returns:
            Scalar, in nats per training example.
        """
        return (self.alpha * math.log(2.0) / self.num_examples) * bits

    def get_config(self) -> dict[str, Any]:
        """Configuration from which an equal regularizer can be made."""
        return {
            "alpha": self.alpha,
            "num_examples": self.num_examples,
            "rate_model": self.rate_model,
        }


class _Penalty(keras.regularizers.Regularizer):
    """Regularizer of one variable: the penalty on its rate.

    Keras evaluates the regularizer of every trainable weight when `losses` is
    read, so the penalty appears exactly once, in `fit` and in custom loops.

    Args:
        regularizer: turns bits into a penalty.
        scaled: what holds the factor on the penalty, `rate_scale`.
        other: a further regularizer of the variable that is added, or None.
    """

    def __init__(self, regularizer: EntropyRegularizer, scaled: Any, other: Any = None) -> None:
        self.regularizer = regularizer
        self.scaled = scaled
        self.other = other

    def bits(self, values: Tensor) -> Tensor:
        """Rate of a variable's values, in bits."""
        raise NotImplementedError

    def __call__(self, variable: Tensor) -> Tensor:
        """Penalty for the present values of the variable."""
        terms = [self.regularizer(self.bits(read(variable))) * self.scaled.rate_scale]
        if self.other is not None:
            terms.append(self.other(variable))
        return sum(ops.cast(term, keras.config.floatx()) for term in terms)  # as Keras sums losses


class EntropyPenalty(_Penalty):
    """Penalty on the relaxed entropy of a weight tensor, whose own `Centers` it is given."""

    def bits(self, values: Tensor) -> Tensor:
        """Relaxed rate by the regularizer's model, in bits."""
        centers = self.scaled
        return self.regularizer.bits(values, centers.assigning_values(), centers.temperature)


class VectorPenalty(_Penalty):
    """Penalty on the estimated rate of a bias.

    It is given the `Centers` of the layer's weights, whose mean gap is the magnitude from
    which on an entry of the bias matters.
    """

    def bits(self, values: Tensor) -> Tensor:
        """Estimated rate of the vector, in bits."""
        return vector_bits(values, self.scaled.gap())


class NormalizationPenalty(_Penalty):
    """Penalty on the estimated rate of a normalization's scale or offset.

    Args:
        regularizer: turns bits into a penalty.
        scaled: what holds the factor on the penalty, `rate_scale`.
        start: value that costs nothing: 1 for scales, 0 for offsets.
        other: a further regularizer of the variable that is added, or None.
    """

    def __init__(
        self, regularizer: EntropyRegularizer, scaled: Any, start: float, other: Any = None
    ) -> None:
        super().__init__(regularizer, scaled, other)
        self.start = start

    def bits(self, values: Tensor) -> Tensor:
        """Estimated rate of the vector, in bits."""
        return vector_bits(values - self.start, NORMALIZATION_STEP)


def read(variable: Any) -> Tensor:
    """Value of a variable as a float32 tensor of the backend.

    `keras.ops.convert_to_tensor` hands out TensorFlow's own variable objects,
    which custom gradients do not accept as arguments; a reshape reads them
    without a copy.
    """
    return ops.cast(ops.reshape(variable, variable.shape), "float32")
