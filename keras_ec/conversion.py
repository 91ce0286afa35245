"""Whole models: plain Keras to EC layers, and back."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import keras

from keras_ec.cloning import (
    check_clonable,
    clone,
    keras_layer_of,
    serialized,
    warn_of_lost_classes,
)
from keras_ec.hardening import check_finite
from keras_ec.layers.base import ECLayer
from keras_ec.layers.center_types import make_centers
from keras_ec.layers.centers import Centers
from keras_ec.layers.registry import EC_LAYERS
from keras_ec.layers.rounded_layer import RoundedLayer
from keras_ec.regularizers import EntropyRegularizer
from keras_ec.traversal import all_layers, ec_layers, rounded_layers


def convert(
    model: keras.Model,
    alpha: float,
    num_examples: int,
    centers: int | Sequence[float] | Callable[[keras.layers.Layer], int | Sequence[float]] = 15,
    center_type: str = "uniform",
    forward: str = "straight_through",
    rate_model: str = "structured",
    select: Callable[[keras.layers.Layer], bool] | None = None,
    vector_bits: int | None = None,
) -> keras.Model:
    """Copies a model with its layers replaced by EC layers, weights kept.

    Layers with weight matrices get centers and a rate; LayerNormalization and
    GroupNormalization a rate of their scales and offsets.

    Sequential and Functional models, nested ones, and wrappers such as
    `keras.layers.TimeDistributed` are covered; shared layers stay shared. The
    given model is not changed. Layers that have no EC counterpart are kept, and without
    `select` those that are not trainable: weights that cannot learn to do with few values
    lose too much by it. Those with weight matrices are named in a warning.

    Args:
        model: a built Keras model, trained or not.
        alpha: weight of the rate, see `EntropyRegularizer`. 0.05 to 0.5 is usual.
        num_examples: number of training examples.
        centers: number of centers of each kernel, or their initial values; or a function that
            gives either for a layer to convert, a copy of it with other weights.
        center_type: "uniform" or "free", see `keras_ec.layers.ECLayer`.
        forward: "straight_through" or "gaussian".
        rate_model: "structured", "geometric" or "order_0", see `EntropyRegularizer`.
        select: which layers to convert; called with each layer that could be, normalizations
            and layers that are not trainable too. All that are trainable, if None.
        vector_bits: resolution at which biases of converted layers, and scales and offsets of
            LayerNormalization and GroupNormalization, are trained and shipped; None trains
            them unrounded, so that only hardening rounds them.

    Returns:
        A new model, not compiled.

    Raises:
        ValueError: if the model is not built, holds EC layers already or
            nothing to convert, has weights that are not finite, LoRA or layers that Keras
            has quantized among those to convert, or is a
            subclassed model (use the layers of `keras_ec.layers` in its
            constructor instead), or another argument is not one of the above.

    Example:
        >>> base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        >>> model = convert(base, alpha=0.2, num_examples=1000)
        >>> type(model.layers[0]).__name__
        'ECDense'
    """
    check_clonable(model)
    if not (select is None or callable(select)):
        raise ValueError(
            "`select` must be a function that says of a layer whether to convert it. "
            f"Received: {select!r}"
        )
    if rounded_layers(model):
        raise ValueError(
            f"Model '{model.name}' holds EC layers already. Expected a model of plain Keras "
            "layers; keras_ec.strip gives one."
        )
    check_finite(model)
    regularizer = keras.saving.serialize_keras_object(
        EntropyRegularizer(alpha, num_examples, rate_model)
    )
    arguments = {
        "centers": 15 if callable(centers) else centers,
        "center_type": center_type,
        "forward": forward,
        "entropy_regularizer": regularizer,
        "vector_bits": vector_bits,
    }
    EC_LAYERS[keras.layers.Dense](1, name="check", **arguments)  # errors name the argument

    ec_by_name = {plain.__name__: ec for plain, ec in EC_LAYERS.items()}

    def chosen(node: dict) -> bool:
        if select is None:
            return node["config"].get("trainable", True)
        return select(keras.saving.deserialize_keras_object(node))

    def replace(node: dict) -> dict:
        ec_class = ec_by_name.get(keras_layer_of(node))
        if ec_class is None or not chosen(node):
            return node
        _check_kernel(node["config"])
        own = {name: arguments[name] for name in ec_class.ec_arguments}
        if "centers" in own and callable(centers):
            own["centers"] = centers(keras.saving.deserialize_keras_object(node))
            try:
                make_centers(own["centers"], center_type, "check")
            except ValueError as error:
                name = node["config"]["name"]
                raise ValueError(f"What `centers` gives for layer '{name}': {error}") from error
        return serialized(ec_class, {**node["config"], **own})

    converted = clone(model, replace)
    new_layers = [layer for layer in all_layers(converted) if isinstance(layer, ECLayer)]
    if not new_layers:
        quantizing = (k.__name__ for k, ec in EC_LAYERS.items() if issubclass(ec, ECLayer))
        names = ", ".join(sorted(quantizing))
        raise ValueError(
            f"Model '{model.name}' has no layer to convert. Expected at least one of: {names}, "
            "which `select` agrees to or, without it, that is trainable."
        )
    for layer in new_layers:
        for weight in layer.quantized_weights:
            weight.centers.reset(weight.value())
    _warn_of_what_is_left(converted)
    warn_of_lost_classes(model, converted)
    return converted


def _check_kernel(config: dict) -> None:
    """Raises a ValueError where a layer's kernel has LoRA added to it or is quantized by Keras."""
    policy = keras.dtype_policies.get(config.get("dtype") or "float32")
    policies = (
        policy.values() if isinstance(policy, keras.dtype_policies.DTypePolicyMap) else [policy]
    )
    if config.get("lora_rank"):
        problem = "has LoRA"
        remedy = "Merge it, by `save_weights` and `load_weights` of the same model without LoRA"
    elif any(isinstance(p, keras.dtype_policies.QuantizedDTypePolicy) for p in policies):
        problem, remedy = "is quantized", "Convert the model from before `quantize`"
    else:
        return
    raise ValueError(
        f"Layer '{config['name']}' {problem}. Expected a layer that computes with the float kernel "
        f"it holds. {remedy}, or leave the layer out by `select`."
    )


def _warn_of_what_is_left(model: keras.Model) -> None:
    """Names the layers whose weight matrices `convert` left as they are, and which were frozen."""
    names = []
    for layer in unconverted_layers(model):
        reason = "" if layer.trainable else ", not trainable"
        names.append(f"{layer.name} ({type(layer).__name__}{reason})")
    if names:
        warnings.warn(f"Layers left as they are: {', '.join(names)}.", stacklevel=3)


def strip(model: keras.Model) -> keras.Model:
    """Copies a model with its EC layers replaced by plain Keras layers.

    The plain layers hold the hardened weights, so both models infer the same
    outputs. The given model is not changed.

    Args:
        model: a built model with EC layers, Sequential or Functional.

    Returns:
        A new model of plain Keras layers, not compiled.

    Raises:
        ValueError: if the model is a subclassed one, is not built, or holds no
            EC layer.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), ECDense(3)])
        >>> type(strip(model).layers[0]).__name__
        'Dense'
    """
    check_clonable(model)
    if not rounded_layers(model):
        ec_layers(model)  # says what is missing
    stripped = clone(model, plain_layer)
    warn_of_lost_classes(model, stripped)
    return stripped


def plain_layer(node: dict) -> dict:
    """Serialized form of the Keras layer that a serialized EC layer extends.

    Args:
        node: serialized form of any layer.

    Returns:
        That of its plain counterpart; `node` itself if it is no EC layer.
    """
    for plain, ec_class in EC_LAYERS.items():
        if keras.saving.get_registered_name(ec_class) == node.get("registered_name"):
            extra = ec_class.ec_arguments
            return serialized(plain, {k: v for k, v in node["config"].items() if k not in extra})
    return node


def unconverted_layers(model: keras.layers.Layer) -> list[keras.layers.Layer]:
    """Layers that hold weight matrices of their own, outside any EC layer.

    Args:
        model: a built model.

    Returns:
        Layers whose own weights have two or more dimensions.
    """

    def own(layer: keras.layers.Layer) -> list[keras.Variable]:
        inner = {id(v) for sub in all_layers(layer) if sub is not layer for v in sub.variables}
        return [v for v in layer.weights if id(v) not in inner]

    return [
        layer
        for layer in all_layers(model)
        if not isinstance(layer, (RoundedLayer, Centers))
        and any(len(v.shape) >= 2 for v in own(layer))
    ]
