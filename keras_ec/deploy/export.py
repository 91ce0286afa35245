"""Keras model in, .tflite out."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from keras_ec.cloning import clone
from keras_ec.conversion import plain_layer
from keras_ec.deploy.activation_steps import with_short_steps
from keras_ec.deploy.atomic_file import write_atomically
from keras_ec.deploy.calibration import in_order, representative_dataset
from keras_ec.deploy.dense import batched_dense
from keras_ec.deploy.exact_levels import one_scale_is_exact, with_exact_levels
from keras_ec.deploy.kernels import without_negative_zeros
from keras_ec.deploy.normalization import ChannelAffine, affine_layer, set_affine
from keras_ec.deploy.reshape import constant_reshape
from keras_ec.deploy.tensor_names import without_inner_names
from keras_ec.hardening import check_finite
from keras_ec.traversal import all_layers, ec_layers


def tflite_bytes(model: keras.Model, calibration: Any = None) -> bytes:
    """Converts a model to the content of a .tflite file.

    Args:
        model: a built model, Sequential or Functional; EC layers in it are
            hardened on the way, plain layers are taken as they are.
        calibration: None for a network in float32; examples for one in int8, see `export_tflite`.

    Returns:
        The flatbuffer, without names of inner tensors.

    Raises:
        ValueError: if the model is not built or is a subclassed one, has recurrent layers
            that cannot be converted for batches of any size or to int8, or the examples do not
            fit it.
    """
    network = deployable(model)
    loops = [
        layer.name
        for layer in all_layers(model)
        if isinstance(layer, keras.layers.RNN) and not layer.unroll
    ]
    examples = None
    if calibration is not None:
        arrays = in_order(calibration, inputs_as_called(model), model.inputs)
        examples = representative_dataset(arrays, network.inputs)
    if loops and examples is not None:  # on which TensorFlow's calibration crashes
        raise ValueError(
            f"Model '{model.name}' cannot be converted to int8. Its recurrent layers "
            f"({', '.join(loops)}) need unroll=True. A model made anew takes the weights of this "
            "one by set_weights."
        )
    try:
        content = without_negative_zeros(converted(network))
        if examples is not None:
            quantized = converted(network, examples, not one_scale_is_exact(content))
            content = with_exact_levels(with_short_steps(quantized), content)
    except Exception as error:
        if not loops or all(tensor.shape[0] is not None for tensor in model.inputs):
            raise
        raise ValueError(
            f"Model '{model.name}' cannot be converted. Its recurrent layers ({', '.join(loops)}) "
            "need a fixed batch size, keras.Input(..., batch_size=1), or unroll=True. A model made "
            "anew takes the weights of this one by set_weights."
        ) from error
    return without_inner_names(content)


def converted(
    network: keras.Model,
    examples: Callable[[], Iterator[dict[str, np.ndarray]]] | None = None,
    dense_channels: bool = True,
) -> bytes:
    """The converter's flatbuffer, as it comes.

    Args:
        network: what `deployable` returned.
        examples: of `representative_dataset`, for a network in int8.
        dense_channels: whether int8 kernels of dense layers have a scale for each channel, as
            those of convolutions have, or one for all.
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    if examples is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = examples
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS_INT8,
            tf.lite.OpsSet.TFLITE_BUILTINS,
        ]
        # a setting since TensorFlow 2.17, which the public API does not have
        converter._experimental_disable_per_channel_quantization_for_dense_layers = (
            not dense_channels
        )
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        # of a setting of TensorFlow 1
        warnings.filterwarnings("ignore", message="Statistics for quantized inputs")
        return converter.convert()


def deployable(model: keras.Model) -> keras.Model:
    """Copy of a model as it is exported: plain layers, normalization folded.

    Args:
        model: a built model, Sequential or Functional.

    Returns:
        A model without EC and BatchNormalization layers that infers the same
        outputs up to rounding.

    Raises:
        ValueError: if the model is not built or is a subclassed one.
    """
    normalization = keras.layers.BatchNormalization

    def replace(node: dict) -> dict:
        plain = affine_layer(plain_layer(float32_policy(node)))
        return batched_dense(constant_reshape(plain))

    copy = clone(model, replace, without=(normalization, ChannelAffine))
    sources = [layer for layer in all_layers(model) if type(layer) is normalization and layer.built]
    targets = [layer for layer in all_layers(copy) if isinstance(layer, ChannelAffine)]
    if len(sources) != len(targets):
        raise ValueError(
            f"Model '{model.name}' holds {len(sources)} BatchNormalization layers, but its graph "
            f"{len(targets)}. Expected none outside the graph; remove such attributes."
        )
    for source, target in zip(sources, targets, strict=True):
        set_affine(target, source)
    if isinstance(inputs_as_called(copy), dict):  # of which TensorFlow's converter makes nothing
        return keras.Model(copy.inputs, copy.output)
    return copy


def inputs_as_called(model: keras.Model) -> Any:
    """Inputs of a Sequential or Functional model as calls pass them: maybe in a dict."""
    return model.inputs if isinstance(model, keras.Sequential) else model.input


def float32_policy(node: dict) -> dict:
    """Serialized float32 policy for any other; `node` itself if it is no dtype policy.

    The runtime has no float16 operators, and mixed precision is for training.
    """
    return {**node, "config": {"name": "float32"}} if node["class_name"] == "DTypePolicy" else node


def export_tflite(model: keras.Model, path: str | os.PathLike, calibration: Any = None) -> None:
    """Writes the hardened network as a plain .tflite file.

    Any LiteRT or TensorFlow Lite runtime executes it. Scales of
    BatchNormalization layers are folded in a way that keeps the few values of
    the kernels recognisable to `keras_ec.compress`.

    With examples for calibration the network computes in int8, wherever LiteRT can.
    Kernels with uniform centers keep their hardened values, which no scale of 127 steps
    rounds once more; activations and biases are rounded, and kernels with free centers or
    of layers that are used more than once. Inputs and outputs stay float32.

    Args:
        model: a built model with EC layers, Sequential or Functional.
        path: target file; replaced if it exists.
        calibration: None, or some hundred inputs as in training, without labels: an array of
            shape (examples, ...), or a list of arrays where the model has several inputs, a dict
            where they come in one. The range of each activation on them is the one that int8 will
            cover.

    Raises:
        ValueError: if the model is not built, is a subclassed one, holds no EC
            layer, has weights that are not finite, or recurrent layers that cannot be
            converted for batches of any size or to int8, or the examples do not fit its inputs.
            No file is written then.
        OSError: if the file cannot be written.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras_ec.layers.ECDense(3)])
        >>> keras_ec.export_tflite(model, "model.tflite")
        >>> keras_ec.export_tflite(model, "int8.tflite", calibration=np.random.rand(100, 4))
    """
    write_atomically(path, hardened_tflite(model, calibration))


def hardened_tflite(model: keras.Model, calibration: Any = None) -> bytes:
    """Content of the file that `export_tflite` writes.

    Args:
        model: a built model with EC layers, Sequential or Functional.
        calibration: as `export_tflite`.

    Returns:
        The flatbuffer.

    Raises:
        ValueError: as `export_tflite`.
    """
    if not isinstance(model, keras.Model):
        raise ValueError(
            "Expected a Keras model, or the path of a .tflite file. "
            f"Received: {type(model).__name__}"
        )
    ec_layers(model)
    check_finite(model)
    return tflite_bytes(model, calibration)
