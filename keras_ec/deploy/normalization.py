"""BatchNormalization as the deployed network sees it: one scale, one offset.

The TFLite converter multiplies the scale of a BatchNormalization into the kernel
before it. Hardened kernels take few values, and the product with one scale per
output channel keeps that: the archive codes level and scale apart. For this
the scale must be the same number in every product, which the converter's own
``gamma / sqrt(variance + epsilon)`` in float32 does not give. So the exported
network holds the scale itself.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_ec.cloning import keras_layer_of, serialized
from keras_ec.hardening import folded_normalization
from keras_ec.rounding import round_scales

SCALE_TOLERANCE = 1e-5
OFFSET_BITS = 21


@keras.saving.register_keras_serializable("keras_ec")
class ChannelAffine(keras.layers.Layer):
    """``scale * x + offset`` per channel: BatchNormalization at inference.

    Args:
        axis: axis of the channels.
        **kwargs: arguments of `keras.layers.Layer`.
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.axis = axis

    def build(self, input_shape: tuple) -> None:
        """Creates scale and offset, shape (channels,)."""
        channels = (input_shape[self.axis],)
        self.scale = self.add_weight(name="scale", shape=channels, initializer="ones")
        self.offset = self.add_weight(name="offset", shape=channels, initializer="zeros")

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Applies the affine map; takes the arguments of BatchNormalization and needs one."""
        shape = [1] * len(inputs.shape)
        shape[self.axis] = -1
        return inputs * ops.reshape(self.scale, shape) + ops.reshape(self.offset, shape)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Shape of the inputs."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Configuration from which an equal layer can be made."""
        return {**super().get_config(), "axis": self.axis}


def affine_layer(node: dict) -> dict:
    """Serialized `ChannelAffine` for a serialized BatchNormalization.

    Args:
        node: serialized form of any layer.

    Returns:
        That of its replacement; `node` itself if it is another layer.
    """
    if keras_layer_of(node) != "BatchNormalization":
        return node
    kept = {key: node["config"][key] for key in ("name", "dtype", "axis")}
    return serialized(ChannelAffine, kept)


def set_affine(target: ChannelAffine, source: keras.layers.BatchNormalization) -> None:
    """Gives a `ChannelAffine` the scale and offset of a BatchNormalization.

    Hardening rounds both to coarse grids; errors of float32 against these
    grids are removed. Values that are not on the grids change by less than
    2^-21 of what they are computed from.

    Args:
        target: built, of the same number of channels.
        source: built.
    """
    scale, offset = folded_normalization(source)
    grid = round_scales(scale)
    near = np.abs(grid - scale) <= SCALE_TOLERANCE * np.abs(scale)
    target.scale.assign(np.where(near, grid, scale))
    mean = ops.convert_to_numpy(source.moving_mean)
    size = np.maximum(np.abs(offset), np.abs(mean * scale))
    step = np.exp2(np.ceil(np.log2(np.where(size > 0, size, 1.0))) - OFFSET_BITS)
    target.offset.assign(np.round(offset / step) * step + 0.0)
