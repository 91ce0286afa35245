"""Scalable model compression by entropy penalized reparameterization (Oktay et al. 2019).

Every kernel and bias is a step times whole numbers, and both are learned: the network sees
rounded numbers with straight-through gradients, or numbers with uniform noise. A learned
prior, one a kernel and one for all biases, gives the rate that is added to the loss; it is a
mixture of three logistic densities about zero, convolved with the uniform one (Balle et al.
2018). The numbers are coded with the range coder of TensorFlow Compression by tables of
their frequencies, which are part of the stream.

Scales and offsets of normalization are trained as they are, folded, rounded and coded as
keras_ec does it.
"""

from __future__ import annotations

import functools
import math
import struct
from pathlib import Path
from typing import Any

import keras
import normalization
import numpy as np
import tables
from baseline import teacher_of, under_policy
from datasets import Data
from keras import ops
from shipped import Shipped, ship_stream
from training import fit

import keras_ec
from keras_ec.coding import decode_tensors, encode_tensors

COMPONENTS = (0.2, 1.0, 5.0)
"""First scales of a prior's logistic densities, in steps."""


def compress(
    base: keras.Model, data: Data, settings: dict[str, Any], seed: int, folder: Path
) -> Shipped:
    """Trains a network with reparameterized weights and codes it; see `methods`."""
    model = Reparameterized(
        under_policy(base, settings["policy"]),
        penalty=settings["rate_weight"] * math.log(2) / len(data.x),
        step=settings["step"],
        noisy=settings["forward"] == "noise",
    )
    teacher = teacher_of(base, settings)
    distiller = keras_ec.Distiller(
        model, teacher, settings["distillation"], settings["distillation_temperature"]
    )
    fit(distiller, data, settings, seed, folder)
    model.update(base)
    normalization.fold(base)
    normalization.round_folded(base)
    stream = encode(model.integers(), model.steps(), model.groups, affine_arrays(base))
    return ship_stream(
        stream, functools.partial(decode, network=base), base, folder / "network.epr"
    )


class Reparameterized(keras.Model):
    """A network on steps times whole numbers.

    Args:
        base: the network; its own variables are neither trained nor changed.
        penalty: weight of a bit in the loss.
        step: first step of all variables.
        noisy: whether the network sees noise in place of rounding while it is trained.
    """

    def __init__(self, base: keras.Model, penalty: float, step: float, noisy: bool) -> None:
        super().__init__(name="reparameterized")
        self._base = lambda: base  # hidden from Keras, which would train it
        self._penalty, self._noisy = penalty, noisy
        coded = coded_variables(base)
        self.groups = groups_of(coded)
        position = {id(v): i for i, v in enumerate(base.trainable_variables)}
        self._coded = [(position[id(v)], origin(v)) for v in coded]
        self._noise = keras.random.SeedGenerator(0)
        self._weights = [self._copy(v, trainable=True) for v in base.trainable_variables]
        self._state = [self._copy(v, trainable=False) for v in base.non_trainable_variables]
        constant = keras.initializers.Constant
        self._log_steps = [
            self.add_weight(shape=(), initializer=constant(math.log(step)), name=f"log_step_{i}")
            for i in range(len(coded))
        ]
        shape = (len(COMPONENTS),)
        self._logits = [
            self.add_weight(shape=shape, initializer="zeros") for _ in range(max(self.groups) + 1)
        ]
        self._log_scales = [
            self.add_weight(shape=shape, initializer=lambda *_, **__: np.log(COMPONENTS))
            for _ in range(max(self.groups) + 1)
        ]

    def _copy(self, variable: keras.Variable, trainable: bool) -> keras.Variable:
        value = ops.convert_to_numpy(variable)
        return self.add_weight(
            shape=variable.shape,
            dtype=variable.dtype,
            initializer=lambda *_, **__: ops.convert_to_tensor(value),
            trainable=trainable,
            name=variable.path.replace("/", "_"),
        )

    def _scaled(self, step_learns: bool) -> list[Any]:
        """Coded variables, less their origin, in steps."""
        steps = [ops.exp(log_step) for log_step in self._log_steps]
        if not step_learns:
            steps = [ops.stop_gradient(step) for step in steps]
        return [
            (self._weights[index] - zero) / step
            for (index, zero), step in zip(self._coded, steps, strict=True)
        ]

    def call(self, x: Any, training: bool = False) -> Any:
        """Runs the network; adds the rate to the losses while it is trained."""
        values = [ops.convert_to_tensor(v) for v in self._weights]
        noise = [
            keras.random.uniform(self._weights[index].shape, -0.5, 0.5, seed=self._noise)
            for index, _ in self._coded
        ]
        for j, scaled in enumerate(self._scaled(step_learns=True)):
            index, zero = self._coded[j]
            rounding = ops.stop_gradient(ops.round(scaled) - scaled)
            seen = scaled + (noise[j] if self._noisy and training else rounding)
            values[index] = seen * ops.exp(self._log_steps[j]) + zero
        outputs, state = self._base().stateless_call(values, self._state, x, training=training)
        if training:
            bits = 0.0
            # to widen the step is the cheapest way to few bits, so the rate does not move it
            for j, scaled in enumerate(self._scaled(step_learns=False)):
                prior = self._logits[self.groups[j]], self._log_scales[self.groups[j]]
                bits += ops.sum(rate(scaled + noise[j], *prior))
            self.add_loss(self._penalty * bits)
            for variable, value in zip(self._state, state, strict=True):
                variable.assign(value)
        return outputs

    def integers(self) -> list[np.ndarray]:
        """Whole numbers of all coded variables."""
        return [
            np.rint(ops.convert_to_numpy(scaled)).astype("int64")
            for scaled in self._scaled(step_learns=False)
        ]

    def steps(self) -> list[float]:
        """Steps of all coded variables, float32."""
        return [float(np.exp(ops.convert_to_numpy(v))) for v in self._log_steps]

    def update(self, base: keras.Model) -> None:
        """Gives a network what is trained, before rounding."""
        for target, source in zip(base.trainable_variables, self._weights, strict=True):
            target.assign(source)
        for target, source in zip(base.non_trainable_variables, self._state, strict=True):
            target.assign(source)


def rate(x: Any, logits: Any, log_scales: Any) -> Any:
    """Bits of numbers under a mixture of logistic densities, convolved with the uniform one.

    Args:
        x: numbers, any shape.
        logits: of the mixture's weights, shape (components,).
        log_scales: of the densities, shape (components,).

    Returns:
        Bits, shape of `x`.
    """
    weights, scales = ops.softmax(logits), ops.exp(log_scales)
    x = ops.abs(x)
    probability = 1e-9
    for k in range(len(COMPONENTS)):
        upper, lower = (0.5 - x) / scales[k], (-0.5 - x) / scales[k]
        probability += weights[k] * (ops.sigmoid(upper) - ops.sigmoid(lower))
    return -ops.log2(probability)


def coded_variables(model: keras.Model) -> list[keras.Variable]:
    """Trained variables other than those of batch normalization."""
    left = {id(v) for layer in normalization.normalizations(model) for v in layer.variables}
    return [v for v in model.trainable_variables if id(v) not in left]


def groups_of(variables: list[keras.Variable]) -> list[int]:
    """Number of the prior, and of the table, of each variable: 0 is that of all vectors."""
    kernels = [id(v) for v in variables if len(v.shape) > 1]
    return [1 + kernels.index(id(v)) if len(v.shape) > 1 else 0 for v in variables]


def origin(variable: keras.Variable) -> float:
    """Value that costs least: 1 for the scales of layer normalization, else 0."""
    return 1.0 if variable.name == "gamma" else 0.0


def affine_arrays(model: keras.Model) -> dict[str, np.ndarray]:
    """Whole numbers and exponents of the folded scales and offsets of a model."""
    arrays = {}
    for i, layer in enumerate(normalization.normalizations(model)):
        for name, variable in (("s", layer.gamma), ("o", layer.beta)):
            numbers, exponent = normalization.whole(ops.convert_to_numpy(variable))
            arrays[f"{name}{i}"], arrays[f"{name}{i}e"] = numbers, np.array([exponent], "int8")
    return arrays


def set_affine_arrays(model: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    """Gives a model the scales and offsets of `affine_arrays`."""
    for i, layer in enumerate(normalization.normalizations(model)):
        scale, offset = (
            arrays[f"{name}{i}"] * 2.0 ** float(arrays[f"{name}{i}e"][0]) for name in "so"
        )
        normalization.set_affine(layer, scale, offset)


def encode(
    integers: list[np.ndarray],
    steps: list[float],
    groups: list[int],
    affine: dict[str, np.ndarray],
) -> bytes:
    """Codes a network.

    Args:
        integers: whole numbers of each variable.
        steps: step of each variable.
        groups: number of the table of each variable.
        affine: see `affine_arrays`.

    Returns:
        Steps, size and bytes of the numbers, bytes of the normalization.
    """
    chosen = [
        np.concatenate([q.ravel() for q, g in zip(integers, groups, strict=True) if g == k])
        for k in range(max(groups) + 1)
    ]
    numbers = tables.encode(chosen)
    vectors = encode_tensors(affine) if affine else b""
    return struct.pack(f"<{len(steps)}fI", *steps, len(numbers)) + numbers + vectors


def decode(stream: bytes, network: keras.Model) -> keras.Model:
    """The network of a stream; `network` gives the structure."""
    network = keras.models.clone_model(network)
    variables = coded_variables(network)
    groups = groups_of(variables)
    head = struct.Struct(f"<{len(variables)}fI")
    *steps, size = head.unpack_from(stream)
    sizes = [
        sum(math.prod(v.shape) for v, g in zip(variables, groups, strict=True) if g == k)
        for k in range(max(groups) + 1)
    ]
    numbers = tables.decode(stream[head.size : head.size + size], sizes)
    start = [0] * len(sizes)
    for variable, step, group in zip(variables, steps, groups, strict=True):
        end = start[group] + math.prod(variable.shape)
        values = numbers[group][start[group] : end].reshape(variable.shape)
        variable.assign(values * np.float32(step) + origin(variable))
        start[group] = end
    if normalization.normalizations(network):
        set_affine_arrays(network, decode_tensors(stream[head.size + size :]))
    return network
