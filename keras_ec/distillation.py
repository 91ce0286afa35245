"""Distillation: training a network to answer as a larger one does.

Entropy-constrained training starts from a good network and gives most of its
weights up. What the good network answers, the probabilities of all classes, tells
more about each example than its label: the cheap network comes closer to the good
one's accuracy at the same rate. The loss is that of Hinton, Vinyals and Dean 2015,
arXiv 1503.02531.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

Tensor = Any


def soft_cross_entropy(teacher_logits: Tensor, logits: Tensor, temperature: float) -> Tensor:
    """Cross-entropy between softened answers, ``T^2 * H(softmax(t / T), softmax(z / T))``.

    The factor keeps the scale of the gradient independent of the temperature
    (arXiv 1503.02531, section 2.1).

    Args:
        teacher_logits: float, shape (..., classes).
        logits: float, same shape.
        temperature: T > 0.

    Returns:
        float32, shape (...,): nats.

    Example:
        >>> uniform = ops.zeros((1, 2))
        >>> round(float(soft_cross_entropy(uniform, uniform, 1.0)[0]), 3)  # ln 2
        0.693
    """
    target = ops.softmax(ops.cast(teacher_logits, "float32") / temperature, axis=-1)
    log_answer = ops.log_softmax(ops.cast(logits, "float32") / temperature, axis=-1)
    return -(temperature**2) * ops.sum(target * log_answer, axis=-1)


class Distiller(keras.Model):
    """Trains a network on labels and on another network's answers.

    Compile and fit it like the network itself, with any loss of logits and any
    callback of keras_ec. The loss is ``(1 - weight) * loss + weight * soft``, with
    soft the mean `soft_cross_entropy`, plus penalties; sample weights count for both,
    in the shapes that Keras takes. Metrics and validation are those of the network alone.
    Afterwards go on with the network; a Distiller is not saved, only its weights are.

    Args:
        network: the network to train, built, with one output: logits.
        teacher: a trained network for the same inputs, ends in logits. It is not
            changed, and not part of this model's weights.
        weight: share of the teacher in the loss, 0 to 1.
        temperature: of the softened answers, > 0.

    Raises:
        ValueError: if weight or temperature is out of range, the network no model, or the
            teacher cannot be called.

    Example:
        >>> teacher = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        >>> network = keras_ec.convert(teacher, alpha=0.2, num_examples=1000)
        >>> distiller = Distiller(network, teacher)
        >>> distiller.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        >>> # distiller.fit(x, y, epochs=30, callbacks=[keras_ec.callbacks.HardenAssignments()])
    """

    def __init__(
        self,
        network: keras.Model,
        teacher: Callable[..., Tensor],
        weight: float = 0.7,
        temperature: float = 2.0,
    ) -> None:
        super().__init__()
        if not isinstance(network, keras.Model) or not callable(teacher):
            raise ValueError(
                "Expected a network, a keras.Model, and a teacher, a model or a function of inputs "
                "and `training`. Received: "
                f"{type(network).__name__} and {type(teacher).__name__}"
            )
        if not (isinstance(weight, numbers.Real) and 0.0 <= weight <= 1.0):
            raise ValueError(f"Expected a weight from 0 to 1. Received: weight={weight!r}")
        finite = isinstance(temperature, numbers.Real) and math.isfinite(temperature)
        if not (finite and temperature > 0.0):
            raise ValueError(
                f"Expected a finite temperature > 0. Received: temperature={temperature!r}"
            )
        self.network = network
        self.weight = weight
        self.temperature = temperature
        self._soft_loss = _SoftLoss(temperature)
        # A function, so that the teacher's weights are not tracked as this model's.
        self._answer = lambda inputs: ops.stop_gradient(teacher(inputs, training=False))
        self.built = network.built

    def build(self, input_shape: Any) -> None:
        """Nothing to build but the network, which the first call builds if it has to."""
        self.built = True

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """Output of the network."""
        return self.network(inputs, training=training)

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """Loss of labels and teacher in training, of labels alone in evaluation.

        Raises:
            ValueError: if the network has other outputs than one tensor, or a loss is of
                the reduction "mean_with_sample_weight", under which the share of the
                labels would cancel.
        """
        if not training or self.weight == 0.0:
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        if isinstance(y_pred, (dict, list, tuple)):
            raise ValueError(
                "Expected a network whose output is one tensor of logits. Received an output "
                f"of type {type(y_pred).__name__}. Distil a network that ends in the logits."
            )
        if getattr(self.loss, "reduction", None) == "mean_with_sample_weight":
            raise ValueError(
                "Expected a loss of another reduction than 'mean_with_sample_weight', which "
                "divides by the weights that hold the labels' share. Use 'sum_over_batch_size'."
            )
        # The loss of labels is scaled by its weights: what is in `losses` keeps its scale.
        share = 1.0 - self.weight
        labels = share if sample_weight is None else share * ops.cast(sample_weight, "float32")
        loss = super().compute_loss(x, y, y_pred, labels, training)
        return loss + self.weight * self._soft_loss(self._answer(x), y_pred, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Not available: a Distiller is not saved.

        Raises:
            NotImplementedError: always; saving and cloning a Distiller end here.
        """
        raise NotImplementedError(
            "A Distiller has no configuration and is not saved. Save what it trains, "
            "`distiller.network.save(path)`, or its weights (`save_weights`, "
            "`ModelCheckpoint(..., save_weights_only=True)`)."
        )


class _SoftLoss(keras.losses.Loss):
    """Mean `soft_cross_entropy`; Keras fits sample weights to any shape of logits."""

    def __init__(self, temperature: float) -> None:
        super().__init__(name="soft_cross_entropy")
        self.temperature = temperature

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Loss of each answer, the teacher's logits in place of labels."""
        return soft_cross_entropy(y_true, y_pred, self.temperature)
