"""Callbacks that steer entropy-constrained training with `model.fit`."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_ec import schedules
from keras_ec.hardening import harden, round_vectors
from keras_ec.rounding import VECTOR_BITS, check_vector_bits
from keras_ec.schedules import Schedule
from keras_ec.traversal import ec_layers, quantized_weights, rounded_layers


def _check_epochs(epochs: int) -> None:
    if not isinstance(epochs, numbers.Integral) or epochs < 0:
        raise ValueError(f"Expected a number of epochs, a whole one >= 0. Received: {epochs!r}")


def _epochs_of(callback: keras.callbacks.Callback) -> int:
    """Epochs of the training that a callback is called in.

    Raises:
        ValueError: if nobody told it.
    """
    epochs = (callback.params or {}).get("epochs")
    if epochs is None:
        raise ValueError(
            "Expected to be told the number of epochs, as `fit` does. In a training loop of your "
            "own: keras.callbacks.CallbackList([...], model=model, epochs=epochs, steps=steps)."
        )
    return epochs


class ScheduledState(keras.callbacks.Callback):
    """Base of callbacks that set state of EC layers by a schedule.

    Progress runs from 0 at the first batch to 1 at the end of `epochs` less
    `reserved_epochs`, one step short of it at the last batch before. It is a
    function of epoch and batch alone, so a run that
    `keras.callbacks.BackupAndRestore` resumes continues where it stopped.
    Where the number of batches is not known in advance, the first epoch of a run counts
    them as they end, and progress stands still during it; where there is no other epoch, or one
    batch in all, a warning says so.

    Args:
        schedule: value as a function of progress.
        reserved_epochs: epochs at the end that keep the last value.

    Raises:
        ValueError: if the schedule is no function, or the number of epochs no whole number >= 0.
    """

    def __init__(self, schedule: Schedule, reserved_epochs: int = 0) -> None:
        super().__init__()
        _check_epochs(reserved_epochs)
        if not callable(schedule):
            raise ValueError(
                "Expected a schedule: a function of progress, see keras_ec.schedules. "
                f"Received: {schedule!r}"
            )
        self.schedule = schedule
        self.reserved_epochs = reserved_epochs
        self._epoch = 0
        self._steps = self._counted = 0
        self._variables: list[keras.Variable] = []

    def variables(self) -> list[keras.Variable]:
        """What the schedule sets, in the model that is trained."""
        raise NotImplementedError

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Looks up what the schedule sets.

        Raises:
            ValueError: if the number of epochs is not known.
        """
        self._variables = self.variables()
        self._counted = 0
        if self._epochs() == 1 and (self.params.get("steps") or 1) == 1:
            warnings.warn(
                "There is one epoch alone, of one batch or of a number of batches that is not "
                "known: schedules stay at their start. Give `fit` more epochs, more batches, or "
                "`steps_per_epoch`.",
                stacklevel=2,
            )

    def _epochs(self) -> int:
        """Epochs in which progress runs."""
        return max(_epochs_of(self) - self.reserved_epochs, 1)

    def progress(self, batch: int = 0) -> float:
        """Progress at a batch of the present epoch, from 0 to 1."""
        steps = self.params.get("steps") or self._steps
        share = min(batch / steps, 1.0) if steps else 0.0
        return min((self._epoch + share) / self._epochs(), 1.0)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Follows the number of the epoch."""
        self._epoch = epoch
        self._steps = self._counted
        self._assign(self.progress())

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Follows the number of the batch."""
        self._assign(self.progress(batch))

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Counts the batches: one is announced after the last, where their number is not known."""
        self._counted = batch + 1

    def _assign(self, progress: float) -> None:
        value = self.schedule(progress)
        for variable in self._variables:
            variable.assign(value)


class TemperatureSchedule(ScheduledState):
    """Sets the temperature of all centers, in gaps between centers; see `ScheduledState`."""

    def variables(self) -> list[keras.Variable]:
        """The temperatures of all centers."""
        return [weight.centers.temperature for weight in quantized_weights(self.model)]


class RateSchedule(ScheduledState):
    """Scales the entropy penalty, the schedule is a factor on alpha; see `ScheduledState`."""

    def variables(self) -> list[keras.Variable]:
        """The factors of all EC layers."""
        ec_layers(self.model)  # raises where there is none
        return [scale for layer in rounded_layers(self.model) for scale in layer.rate_scales()]


class RateLogger(keras.callbacks.Callback):
    """Adds the rate of the network to the logs of every epoch.

    `relaxed_bits` is the relaxed rate of all EC layers, `hard_bits` the
    order-0 entropy of the hardened network, `bits_per_weight` the latter by
    quantized weight. Callbacks that follow in the list see them, and History.
    """

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Logs the rate."""
        if logs is not None:
            logs.update(rate_of(self.model))


def rate_of(model: keras.layers.Layer) -> dict[str, float]:
    """Rate of a network: `relaxed_bits`, `hard_bits` and `bits_per_weight`.

    Args:
        model: a built model with EC layers.

    Returns:
        Bits of all quantized weights together, as floats.
    """
    weights = quantized_weights(model)
    count = sum(math.prod(weight.variable.shape) for weight in weights)
    relaxed = sum(float(ops.convert_to_numpy(weight.relaxed_bits())) for weight in weights)
    hard = sum(float(ops.convert_to_numpy(weight.hard_bits())) for weight in weights)
    return {"relaxed_bits": relaxed, "hard_bits": hard, "bits_per_weight": hard / count}


class FreezeAssignments(keras.callbacks.Callback):
    """Freezes all assignments for the last epochs of training.

    The weights move to their centers and stay assigned to them, while centers,
    biases and normalization go on learning. In a training loop of one's own, a compiled
    step (`tf.function`) has to be made anew after the first of these epochs has begun.

    Args:
        epochs: number of epochs at the end of training.

    Raises:
        ValueError: if the number of epochs is no whole number >= 0.
    """

    def __init__(self, epochs: int) -> None:
        super().__init__()
        _check_epochs(epochs)
        self.epochs = epochs
        self._frozen = False
        self._indices: list[np.ndarray] = []

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Forgets an earlier run.

        Raises:
            ValueError: if the optimizer keeps moving averages of weights. At the end of training
                Keras puts them back in the order of all weights, of which some are frozen then.
                Or if the model is trained by several replicas, whose collective operations do not
                bear that some weights freeze. Or if the number of epochs is not known.
        """
        optimizer = getattr(self.model, "optimizer", None)  # of loops of one's own, there is none
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        if self.epochs > 0 and getattr(optimizer, "use_ema", False):
            raise ValueError(
                "Expected an optimizer without moving averages of weights, or no epochs with "
                "frozen assignments. Received: use_ema=True and "
                f"{self.epochs} such epochs. Give up one of them."
            )
        strategy = getattr(self.model, "distribute_strategy", None)
        replicas = getattr(strategy, "num_replicas_in_sync", 1)
        if self.epochs > 0 and replicas > 1:
            raise ValueError(
                "Expected a model that is trained by one replica, or no epochs with frozen "
                f"assignments. Received: {replicas} replicas and {self.epochs} such epochs. Train "
                "with fine_tune_epochs=0, save the model, and load and fine-tune it outside of "
                "the strategy's scope."
            )
        if self.epochs > 0 and 0 < _epochs_of(self) <= self.epochs:
            warnings.warn(
                f"All {_epochs_of(self)} epochs are trained with frozen assignments, so that "
                "no kernel learns. Give `fit` more epochs, or fewer to `fine_tune_epochs`.",
                stacklevel=2,
            )
        self._frozen = False

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Freezes at the first of the last epochs, also of a resumed run.

        Before them it thaws what an interrupted run left frozen.
        """
        due = self.epochs > 0 and epoch >= _epochs_of(self) - self.epochs
        if due and not self._frozen:
            self._set(frozen=True)
        elif not due and self._holds_frozen():
            self._set(frozen=False)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Warns where a training loop of one's own went on to train the frozen weights."""
        now = self._assignments() if self._indices else []
        if any(np.any(new != old) for new, old in zip(now, self._indices, strict=True)):
            warnings.warn(
                "Frozen assignments have changed: the training step still trains the kernels. "
                "Make its `tf.function` anew after the first frozen epoch has begun.",
                stacklevel=2,
            )
            self._indices = []

    def on_train_end(self, logs: dict | None = None) -> None:
        """Lets later training move the weights again."""
        if self._frozen:
            self._set(frozen=False)

    def _assignments(self) -> list[np.ndarray]:
        return [ops.convert_to_numpy(w.indices()) for w in quantized_weights(self.model)]

    def _holds_frozen(self) -> bool:
        centers = [weight.centers for weight in quantized_weights(self.model)]
        return any(float(ops.convert_to_numpy(one.frozen)) > 0 for one in centers)

    def _set(self, frozen: bool) -> None:
        for layer in ec_layers(self.model):
            layer.freeze_assignments() if frozen else layer.unfreeze_assignments()
        self._frozen = frozen
        self._indices = []
        if self.model.compiled:
            self.model.make_train_function(force=True)
        elif frozen:
            self._indices = self._assignments()


class HardenedValidation(keras.callbacks.Callback):
    """Validates the network that will be shipped.

    EC layers infer with hardened weights at all times; this rounds the short
    vectors as hardening will, for the duration of each validation. It does so at the first
    batch, when callbacks such as `keras.callbacks.SwapEMAWeights`, which exchange weights at the
    begin of the validation, have done so; put it before them, so that the vectors are
    restored before the weights are exchanged again.

    Args:
        vector_bits: resolution, see `keras_ec.harden`, or None for no rounding.

    Raises:
        ValueError: if the resolution is none that `keras_ec.harden` takes.
    """

    def __init__(self, vector_bits: int | None = VECTOR_BITS) -> None:
        super().__init__()
        if vector_bits is not None:
            check_vector_bits(vector_bits)
        self.vector_bits = vector_bits
        self._saved: list[tuple[keras.Variable, np.ndarray, np.ndarray]] = []

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Restores what an interrupted validation left rounded."""
        self._restore()

    def on_test_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Rounds the short vectors, at the first batch."""
        if batch > 0:
            return
        self._restore()
        if self.vector_bits is None:
            return
        vectors = [v for v in self.model.variables if len(v.shape) == 1]
        before = [ops.convert_to_numpy(v) for v in vectors]
        round_vectors(self.model, self.vector_bits)
        after = [ops.convert_to_numpy(v) for v in vectors]
        self._saved = list(zip(vectors, before, after, strict=True))

    def on_test_end(self, logs: dict | None = None) -> None:
        """Restores them."""
        self._restore()

    def _restore(self) -> None:
        """Undoes the rounding of vectors that still hold what it made of them."""
        for variable, before, after in self._saved:
            if np.array_equal(ops.convert_to_numpy(variable), after):
                variable.assign(before)
        self._saved = []


class HardenAssignments(keras.callbacks.Callback):
    """Everything that entropy-constrained training needs from a callback.

    Ramps the entropy penalty, anneals the temperature, optionally fine-tunes
    with frozen assignments, and hardens the model at the end of training. Logs
    `relaxed_bits`, `hard_bits` and `bits_per_weight`, and makes validation
    metrics those of the hardened network. Put it first in the list of
    callbacks, so that the others see its logs. A run that is interrupted may leave kernels
    frozen, and is not hardened; the next run with this callback thaws them.

    Args:
        temperature: schedule of the temperature, in gaps between centers.
        rate: schedule of the factor on alpha.
        fine_tune_epochs: epochs at the end with frozen assignments, within the
            `epochs` of `fit`.
        vector_bits: resolution of biases and offsets, see `keras_ec.harden`; None leaves
            them as they are, but for those of layers with a `vector_bits` of their own.

    Raises:
        ValueError: if a schedule is no function, the number of epochs no whole number >= 0, or
            the resolution none that `keras_ec.harden` takes.

    Example:
        >>> callback = HardenAssignments(fine_tune_epochs=3)
        >>> # model.fit(x, y, epochs=30, callbacks=[callback])
    """

    def __init__(
        self,
        temperature: Schedule | None = None,
        rate: Schedule | None = None,
        fine_tune_epochs: int = 0,
        vector_bits: int | None = VECTOR_BITS,
    ) -> None:
        super().__init__()
        self.vector_bits = vector_bits
        self._parts = [
            TemperatureSchedule(temperature or DEFAULT_TEMPERATURE, fine_tune_epochs),
            RateSchedule(rate or DEFAULT_RATE, fine_tune_epochs),
            FreezeAssignments(fine_tune_epochs),
            HardenedValidation(vector_bits),
            RateLogger(),
        ]

    def set_params(self, params: dict[str, Any]) -> None:
        """Hands the parameters of `fit` to the parts."""
        super().set_params(params)
        for part in self._parts:
            part.set_params(params)

    def set_model(self, model: keras.Model) -> None:
        """Hands the model to the parts."""
        super().set_model(model)
        for part in self._parts:
            part.set_model(model)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Starts the parts."""
        for part in self._parts:
            part.on_train_begin(logs)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Advances the schedules; freezes when due."""
        for part in self._parts:
            part.on_epoch_begin(epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Advances the schedules."""
        for part in self._parts:
            part.on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Counts the batches."""
        for part in self._parts:
            part.on_train_batch_end(batch, logs)

    def on_test_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Rounds the short vectors."""
        for part in self._parts:
            part.on_test_batch_begin(batch, logs)

    def on_test_end(self, logs: dict | None = None) -> None:
        """Restores the short vectors."""
        for part in self._parts:
            part.on_test_end(logs)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Logs the rate."""
        for part in self._parts:
            part.on_epoch_end(epoch, logs)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Hardens the model."""
        for part in self._parts:
            part.on_train_end(logs)
        harden(self.model, self.vector_bits)


DEFAULT_TEMPERATURE = schedules.exponential(0.6, 0.35)
DEFAULT_RATE = schedules.linear(0.0, 1.0, end=0.2)
