"""Units that training has emptied, removed from a model.

A network that was trained to few bits is left with units (neurons, filters) that do nothing:
nobody reads them, all weights after them being zero, or they say the same whatever the input,
all weights before them being zero. Without them layers are smaller, and so are the memory and
the time that a device needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_ec.cloning import check_clonable, clone_smaller, warn_of_lost_classes
from keras_ec.graph import Graph
from keras_ec.hardening import check_finite
from keras_ec.layers.registry import EC_LAYERS

ELEMENTWISE = (
    keras.activations.celu,
    keras.activations.elu,
    keras.activations.exponential,
    keras.activations.gelu,
    keras.activations.hard_shrink,
    keras.activations.hard_sigmoid,
    keras.activations.hard_silu,
    keras.activations.hard_tanh,
    keras.activations.leaky_relu,
    keras.activations.linear,
    keras.activations.log_sigmoid,
    keras.activations.mish,
    keras.activations.relu,
    keras.activations.relu6,
    keras.activations.selu,
    keras.activations.sigmoid,
    keras.activations.silu,
    keras.activations.soft_shrink,
    keras.activations.softplus,
    keras.activations.softsign,
    keras.activations.sparse_plus,
    keras.activations.squareplus,
    keras.activations.tanh,
    keras.activations.tanh_shrink,
)
"""Activations that take each value alone."""

ACTIVE = (keras.layers.Activation, keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.ELU)
"""Layers that are activations."""
IDLE = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
    keras.layers.AlphaDropout,
    keras.layers.MaxPooling1D,
    keras.layers.MaxPooling2D,
    keras.layers.MaxPooling3D,
    keras.layers.AveragePooling1D,
    keras.layers.AveragePooling2D,
    keras.layers.AveragePooling3D,
    keras.layers.GlobalMaxPooling1D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.GlobalMaxPooling3D,
    keras.layers.GlobalAveragePooling1D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalAveragePooling3D,
    keras.layers.UpSampling1D,
    keras.layers.UpSampling2D,
    keras.layers.UpSampling3D,
    keras.layers.Cropping1D,
    keras.layers.Cropping2D,
    keras.layers.Cropping3D,
    keras.layers.Flatten,
)
"""Layers that leave a channel as it is where all its values are the same."""
PADDING = (keras.layers.ZeroPadding1D, keras.layers.ZeroPadding2D, keras.layers.ZeroPadding3D)


def _with_ec(*classes: type) -> tuple[type, ...]:
    return (*classes, *(EC_LAYERS[each] for each in classes if each in EC_LAYERS))


CONVOLUTIONS = _with_ec(keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
SUMMING = (*CONVOLUTIONS, *_with_ec(keras.layers.Dense))
"""Layers of units, each a sum over all channels; subclasses may do otherwise."""
DEPTHWISE = _with_ec(keras.layers.DepthwiseConv2D)


def remove_dead_units(model: keras.Model) -> keras.Model:
    """Copies a model without the units that do not matter to its outputs.

    A unit of a dense layer, or a filter of a convolution, is removed if all weights that its output
    meets are zero, or if its output is a constant: all weights before it are zero, or the scale of
    the BatchNormalization after it is, or its filter of a depthwise convolution. A constant goes
    into the biases of the next layer; it stays where there are none, or rounded ones
    (`vector_bits` of that layer), or a border of zeros lies between, as with the padding "same".
    Seen are layers with channels last that are called once, in one graph: units whose outputs leave
    a model within the model stay, and those of a model of a class of its own that copies keep.

    Between a layer and the next may be BatchNormalization, elementwise activations, pooling,
    dropout, flattening and depthwise convolutions. Units whose outputs are added to or joined with
    others, or are the model's, or go to layers of other kinds stay, and at least one of each layer.

    Args:
        model: a built model, Sequential or Functional, of EC layers or plain ones. Weights are
            seen as inference sees them: hardened.

    Returns:
        A new model with the same outputs up to rounding in its dtype, not compiled. EC layers are
        EC layers still: it can be exported, or trained further.

    Raises:
        ValueError: if the model is not built, is a subclassed one, has weights that are not
            finite, layers that do not rebuild their weights from their configuration, or layers
            of different classes that Keras would take for one.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), ECDense(8, activation="relu"), ECDense(3)])
        >>> model.layers[0].kernel.assign(np.eye(4, 8))
        >>> remove_dead_units(model).layers[0].units
        4
    """
    check_clonable(model)
    check_finite(model)
    copy = clone_smaller(model, {}, lambda variable, value: value)  # of plain classes: a graph
    removal = _Removal(copy)
    if removal.changes:
        copy = clone_smaller(copy, removal.changes, removal.part)
    warn_of_lost_classes(model, copy)
    return copy


@dataclass(frozen=True)
class _Way:
    """How the channels of a layer get to one that sums over them.

    Attributes:
        between: the layers that they pass, each channel by itself.
        reader: the layer that sums.
    """

    between: tuple[Any, ...]
    reader: Any


class _Removal:
    """What to leave out of a model.

    Args:
        model: a Sequential or Functional model, its weights as inference sees them.

    Attributes:
        changes: by the id of a layer, entries of its configuration that change.
    """

    def __init__(self, model: keras.Model) -> None:
        self.changes: dict[int, dict[str, Any]] = {}
        self._values: dict[int, np.ndarray] = {}
        self._biases: set[int] = set()
        self._kept: dict[int, list[tuple[int, np.ndarray]]] = {}
        graph = Graph(model)
        found = [
            (layer, _ways(graph, layer, int(layer.kernel.shape[-1])))
            for layer, _ in graph.calls
            if graph.is_called_once(layer) and _has_plain_units(layer)
        ]
        ways = [(layer, w, np.zeros(layer.kernel.shape[-1], bool)) for layer, w in found if w]
        while self._sweep(ways):
            ways.reverse()  # constants go on to later layers, what is not read to earlier ones
        for layer, its_ways, dead in ways:
            if dead.any():
                self._leave_out(layer, its_ways, ~dead)

    def part(self, variable: keras.Variable, value: np.ndarray) -> np.ndarray:
        """What is left of a variable's value."""
        if id(variable) in self._biases:
            value = self._values[id(variable)].astype(value.dtype)
        for axis, keep in self._kept.get(id(variable), ()):
            # After Flatten, channels repeat at every position.
            value = np.compress(np.tile(keep, value.shape[axis] // keep.size), value, axis)
        return value

    def _value(self, variable: keras.Variable) -> np.ndarray:
        """Value of a variable, float32, zero where units are dead and with their constants."""
        if id(variable) not in self._values:
            value = ops.convert_to_numpy(ops.cast(variable, "float32"))
            self._values[id(variable)] = np.array(value)
        return self._values[id(variable)]

    def _sweep(self, ways: list[tuple[Any, list[_Way], np.ndarray]]) -> bool:
        """Finds dead units of one layer after the other; returns whether there were any."""
        any_died = False
        for layer, its_ways, dead in ways:
            effects = [_effect(layer, way, self._value) for way in its_ways]
            useless = np.all([useless for useless, _ in effects], axis=0)
            useless[0] &= not useless.all()
            died = useless & ~dead
            if died.any():
                any_died = True
                dead |= died
                self._value(layer.kernel)[..., died] = 0.0
                for way, (_, offset) in zip(its_ways, effects, strict=True):
                    self._silence(way.reader, died, offset)
        return any_died

    def _silence(self, reader: Any, died: np.ndarray, offset: np.ndarray) -> None:
        """Puts constants of units into the biases of a layer that reads them, and reads no more."""
        if offset[died].any():
            bias = self._value(reader.bias)
            bias += offset[died].sum(0).astype("float32")
            self._biases.add(id(reader.bias))
        kernel = self._value(reader.kernel)
        kernel.reshape(-1, died.size, kernel.shape[-1])[:, died] = 0.0

    def _leave_out(self, layer: Any, ways: list[_Way], keep: np.ndarray) -> None:
        """Notes what goes with units of a layer, in it and in the layers after it."""
        size = "filters" if type(layer) in CONVOLUTIONS else "units"
        self._change(layer, **{size: int(keep.sum())})
        self._keep(layer, keep, kernel=-1, bias=0)
        for step in {id(step): step for way in ways for step in way.between}.values():
            self._change(step)
            if type(step) in DEPTHWISE:
                self._keep(step, keep, kernel=-2, bias=0)
            else:
                self._keep(step, keep, gamma=0, beta=0, moving_mean=0, moving_variance=0)
        for way in ways:
            self._change(way.reader)
            self._keep(way.reader, keep, kernel=-2)

    def _change(self, layer: Any, **entries: Any) -> None:
        """Notes entries of a layer's configuration; initializers of its old shapes go."""
        for name, each in vars(layer).items():
            if isinstance(each, keras.initializers.Constant) and np.ndim(each.value):
                entries[name] = "zeros"
        self.changes.setdefault(id(layer), {}).update(entries)

    def _keep(self, layer: Any, keep: np.ndarray, **axes: int) -> None:
        """Notes which channels are left along axes of a layer's variables."""
        for name, axis in axes.items():
            variable = getattr(layer, name, None)
            if variable is not None:
                self._kept.setdefault(id(variable), []).append((axis, keep))


def _has_plain_units(layer: Any) -> bool:
    """Whether a layer has units that can go one by one."""
    return _sums_over_last_axis(layer) and _is_elementwise(layer.activation)


def _sums_over_last_axis(layer: Any) -> bool:
    """Whether each unit of a layer sees all channels, these are the last axis, and no more."""
    if type(layer) not in SUMMING or not isinstance(layer.kernel, keras.Variable):
        return False  # the kernel of a layer with LoRA is a sum
    if layer.quantization_mode is not None:
        return False
    last = getattr(layer, "data_format", "channels_last") == "channels_last"
    return last and getattr(layer, "groups", 1) == 1


def _is_elementwise(activation: Any) -> bool:
    return any(activation is each for each in ELEMENTWISE)


def _ways(
    graph: Graph, layer: Any, channels: int, between: tuple[Any, ...] = ()
) -> list[_Way] | None:
    """All ways of a layer's channels; None where they get elsewhere too."""
    found: list[_Way] = []
    for next_layer in graph.consumers(layer):
        if next_layer is None or not graph.is_called_once(next_layer):
            return None
        if graph.is_always_training(next_layer):  # as dropout that is meant to go on
            return None
        if _sums_over_last_axis(next_layer):
            found.append(_Way(between, next_layer))
        elif _takes_channels_alone(next_layer, channels):
            further = _ways(graph, next_layer, channels, (*between, next_layer))
            if further is None:
                return None
            found += further
        else:
            return None
    return found


def _takes_channels_alone(layer: Any, channels: int) -> bool:
    """Whether a layer makes of each channel of its input one of its output, seeing no other."""
    kind = type(layer)
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        return False
    if kind is keras.layers.BatchNormalization:
        along = layer.axis in (-1, layer.input_spec.ndim - 1)
        return (
            along and layer.moving_mean.shape == (channels,) and not getattr(layer, "renorm", False)
        )
    if kind in DEPTHWISE:
        return layer.depth_multiplier == 1 and _is_elementwise(layer.activation)
    if kind is keras.layers.Activation:
        return _is_elementwise(layer.activation)
    return kind in (*ACTIVE, *IDLE, *PADDING)


def _effect(layer: Any, way: _Way, value: Any) -> tuple[np.ndarray, np.ndarray]:
    """What the units of a layer do on one way.

    Returns:
        Whether a unit does nothing there but to add a constant to the reader's biases, bool of
        shape (units,), and these constants, float64 of shape (units, reader's units).
    """
    kernel = value(layer.kernel)
    units = kernel.shape[-1]
    fixed = ~(kernel != 0).any(tuple(range(kernel.ndim - 1)))
    constant = value(layer.bias) if layer.use_bias else np.zeros(units, "float32")
    constant = _activated(layer.activation, constant)
    for step in way.between:
        fixed, constant = _passed(step, fixed, np.where(fixed, constant, 0.0), value)
    fixed &= np.isfinite(constant)
    constant = np.where(fixed, constant, 0.0)
    reader = way.reader
    weights = value(reader.kernel)
    weights = weights.reshape(-1, units, weights.shape[-1])
    read = (weights != 0).any((0, 2))
    bordered = type(reader) in CONVOLUTIONS and _has_border(reader)
    takes = reader.use_bias and not bordered and getattr(reader, "vector_bits", None) is None
    useless = ~read | fixed & ((constant == 0) | takes)
    return useless, constant.astype("float64")[:, None] * weights.astype("float64").sum(0)


def _has_border(layer: Any) -> bool:
    """Whether a convolution sees zeros around its input."""
    return layer.padding != "valid" and max(layer.kernel_size) > 1


def _activated(activation: Any, values: np.ndarray) -> np.ndarray:
    """Values behind an elementwise activation."""
    return ops.convert_to_numpy(activation(ops.convert_to_tensor(values.astype("float32"))))


def _passed(
    step: Any, fixed: np.ndarray, constant: np.ndarray, value: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Which channels are constant behind a layer that takes each alone, and their values there."""
    kind = type(step)
    if kind is keras.layers.BatchNormalization:
        scale = value(step.gamma) if step.scale else np.ones(fixed.shape, "float32")
        deviation = np.sqrt(value(step.moving_variance) + step.epsilon)
        constant = (constant - value(step.moving_mean)) / deviation * scale
        constant = constant + (value(step.beta) if step.center else 0.0)
        fixed = fixed | (scale == 0)
    elif kind in DEPTHWISE:
        weights = value(step.kernel)[..., 0]
        taps = tuple(range(weights.ndim - 1))
        silenced = ~(weights != 0).any(taps)
        fixed = silenced | fixed & ((constant == 0) | (not _has_border(step)))
        constant = weights.sum(taps) * constant + (value(step.bias) if step.use_bias else 0.0)
        constant = _activated(step.activation, constant)
    elif kind in PADDING:
        fixed = fixed & (constant == 0)
    elif kind in ACTIVE:
        constant = _activated(step.call, constant)
    return fixed, constant.astype("float32")
