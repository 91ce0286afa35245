"""Units that training has emptied, removed from a model.

A network that was trained to few bits is left with units (neurons, filters) that do nothing:
nobody reads them, all weights after them being zero, or they say the same whatever the input,
all weights before them being zero. Without them layers are smaller, and so are the memory and
the time that a device needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_ec.cloning import check_clonable, clone_smaller, warn_of_lost_classes
from keras_ec.graph import Graph
from keras_ec.hardening import check_finite
from keras_ec.layers.registry import EC_LAYERS
from keras_ec.traversal import rounded_layers

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

    Between a layer and the next may be BatchNormalization, elementwise activations, pooling,
    dropout, flattening and depthwise convolutions. Units whose outputs are added to or joined with
    others, or are the model's, or go to layers of other kinds stay, and at least one of each layer.

    Args:
        model: a built model, Sequential or Functional, of EC layers or plain ones. Weights are
            seen as inference sees them: hardened.

    Returns:
        A new model with the same outputs up to rounding in float32, not compiled. Its EC layers are
        EC layers still: it can be exported, or trained further.

    Raises:
        ValueError: if the model is not built, is a subclassed one, or has weights that are not
            finite.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), ECDense(8, activation="relu"), ECDense(3)])
        >>> model.layers[0].kernel.assign(np.eye(4, 8))
        >>> remove_dead_units(model).layers[0].units
        4
    """
    check_clonable(model)
    check_finite(model)
    source = model
    while True:
        removal = _find(model)
        model = clone_smaller(model, removal.sizes, removal.parts)
        if not removal.sizes:
            warn_of_lost_classes(source, model)
            return model


@dataclass
class _Removal:
    """What to leave out of a model.

    Attributes:
        sizes: by the id of a layer, the entry of its configuration that gets smaller.
        kept: by the id of a variable, axes and which of their channels are left.
        offsets: by the id of a bias, what constants of removed units add to it.
    """

    sizes: dict[int, dict[str, int]] = field(default_factory=dict)
    kept: dict[int, list[tuple[int, np.ndarray]]] = field(default_factory=dict)
    offsets: dict[int, np.ndarray] = field(default_factory=dict)

    def parts(self, variable: keras.Variable, value: np.ndarray) -> np.ndarray:
        """What is left of a variable's value."""
        if id(variable) in self.offsets:
            value = (value + self.offsets[id(variable)]).astype(value.dtype)
        for axis, keep in self.kept.get(id(variable), ()):
            # After Flatten, channels repeat at every position.
            value = np.compress(np.tile(keep, value.shape[axis] // keep.size), value, axis)
        return value

    def keep(self, layer: Any, keep: np.ndarray, **axes: int) -> None:
        """Leaves channels along axes of a layer's variables."""
        for name, axis in axes.items():
            variable = getattr(layer, name, None)
            if variable is not None:
                self.kept.setdefault(id(variable), []).append((axis, keep))

    def remove(self, layer: Any, ways: list[_Way], keep: np.ndarray) -> None:
        """Leaves out units of a layer, and what belongs to them in the layers after it."""
        size = "filters" if type(layer) in CONVOLUTIONS else "units"
        self.sizes.setdefault(id(layer), {})[size] = int(keep.sum())
        self.keep(layer, keep, kernel=-1, bias=0)
        for between in {id(step): step for way in ways for step in way.between}.values():
            if type(between) in DEPTHWISE:
                self.keep(between, keep, kernel=-2, bias=0)
            else:
                self.keep(between, keep, gamma=0, beta=0, moving_mean=0, moving_variance=0)
        for way in ways:
            self.keep(way.reader, keep, kernel=-2)


@dataclass(frozen=True)
class _Way:
    """How the channels of a layer get to one that sums over them.

    Attributes:
        between: the layers that they pass, each channel by itself.
        reader: the layer that sums.
    """

    between: tuple[Any, ...]
    reader: Any


def _find(model: keras.Model) -> _Removal:
    """Units of a model that do not matter, seen one layer at a time."""
    graph = Graph(model)
    hard = {id(v): value for layer in rounded_layers(model) for v, value in layer.hardened()}

    def value(variable: keras.Variable) -> np.ndarray:
        known = hard.get(id(variable))
        return ops.convert_to_numpy(ops.cast(variable, "float32")) if known is None else known

    removal = _Removal()
    for layer, _ in graph.calls:
        if not (graph.is_called_once(layer) and _has_plain_units(layer)):
            continue
        ways = _ways(graph, layer, int(layer.kernel.shape[-1]))
        if not ways:
            continue
        dead = np.ones(layer.kernel.shape[-1], bool)
        offsets = []
        for way in ways:
            useless, offset = _effect(layer, way, value)
            dead &= useless
            offsets.append(offset)
        dead[0] &= not dead.all()
        if dead.any():
            removal.remove(layer, ways, ~dead)
            for way, offset in zip(ways, offsets, strict=True):
                if offset[dead].any():
                    before = removal.offsets.get(id(way.reader.bias), 0.0)
                    removal.offsets[id(way.reader.bias)] = before + offset[dead].sum(0)
    return removal


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
        fixed, constant = _passed(step, fixed, constant, value)
    reader = way.reader
    weights = value(reader.kernel)
    weights = weights.reshape(-1, units, weights.shape[-1])
    read = (weights != 0).any((0, 2))
    bordered = type(reader) in CONVOLUTIONS and reader.padding != "valid"
    takes = reader.use_bias and not bordered and getattr(reader, "vector_bits", None) is None
    useless = ~read | fixed & ((constant == 0) | takes)
    constant = np.where(fixed & read, constant, 0.0).astype("float64")
    return useless, constant[:, None] * weights.astype("float64").sum(0)


def _activated(activation: Any, values: np.ndarray) -> np.ndarray:
    """Values behind an elementwise activation."""
    return ops.convert_to_numpy(activation(ops.convert_to_tensor(values)))


def _passed(
    step: Any, fixed: np.ndarray, constant: np.ndarray, value: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Which channels are constant behind a layer that takes each alone, and their values there."""
    kind = type(step)
    if kind is keras.layers.BatchNormalization:
        if step.scale:
            fixed = fixed | (value(step.gamma) == 0)
        mean, deviation = (
            value(step.moving_mean),
            np.sqrt(value(step.moving_variance) + step.epsilon),
        )
        constant = (constant - mean) / deviation * (value(step.gamma) if step.scale else 1.0)
        constant = constant + (value(step.beta) if step.center else 0.0)
    elif kind in DEPTHWISE:
        weights = value(step.kernel)
        sums = weights[..., 0].sum(tuple(range(weights.ndim - 2)))
        silenced = ~(weights[..., 0] != 0).any(tuple(range(weights.ndim - 2)))
        fixed = silenced | fixed & ((constant == 0) | (step.padding == "valid"))
        constant = sums * constant + (value(step.bias) if step.use_bias else 0.0)
        constant = _activated(step.activation, constant)
    elif kind in PADDING:
        fixed = fixed & (constant == 0)
    elif kind in ACTIVE:
        constant = ops.convert_to_numpy(step.call(ops.convert_to_tensor(constant)))
    return fixed, constant.astype("float32")
