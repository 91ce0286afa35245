"""Copying models with some of their layers exchanged for others."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_ec.layers.rounded_layer import RoundedLayer
from keras_ec.traversal import all_layers, rounded_layers

_PLACE = ("name", "inbound_nodes")
"""What the serialized form of a layer in a graph says of its place there."""


def serialized(layer_class: type, config: dict) -> dict:
    """Serialized form of a layer of a class with a configuration."""
    public = getattr(keras.layers, layer_class.__name__, None) is layer_class
    return {
        "module": "keras.layers" if public else layer_class.__module__,
        "class_name": layer_class.__name__,
        "config": config,
        "registered_name": None if public else keras.saving.get_registered_name(layer_class),
    }


def keras_layer_of(node: dict) -> str | None:
    """Class name of the Keras layer that a serialized form is of.

    None for subclasses and for operations, such as `keras.ops.reshape`, whose class is named
    like a layer's.
    """
    return node["class_name"] if node.get("module") == "keras.layers" else None


def clone(
    model: keras.Model, replace: Callable[[dict], dict], without: tuple[type, ...] = ()
) -> keras.Model:
    """Copies a model with some layers exchanged, weights with the values that layers run on.

    Args:
        model: Sequential or Functional model, built.
        replace: maps the serialized form of a layer to that of its
            replacement, or returns it unchanged. Called for layers within
            wrappers too.
        without: layer classes, in model or copy, whose weights are not copied; not
            their subclasses.

    Returns:
        The copy, not compiled.

    Raises:
        ValueError: if the model is not built, is a subclassed one, or has a
            layer that does not rebuild its weights from its configuration, or layers of
            different classes that Keras would take for one.
    """
    check_clonable(model)

    def rewrite(node: Any) -> Any:
        if isinstance(node, dict):
            node = {key: rewrite(value) for key, value in node.items()}
            if "class_name" in node and "config" in node:
                place = {key: node[key] for key in _PLACE if key in node}
                return {**place, **replace(node)}
            return node
        return [rewrite(entry) for entry in node] if isinstance(node, list) else node

    copy = _rebuilt(model, lambda layer, node: rewrite(node))
    _copy_weights(model, _common_variables(model, without), copy, _common_variables(copy, without))
    return copy


def clone_smaller(
    model: keras.Model,
    changes: dict[int, dict[str, Any]],
    parts: Callable[[keras.Variable, np.ndarray], np.ndarray],
) -> keras.Model:
    """Copies a model with smaller layers, weights with the values that layers run on.

    Args:
        model: Sequential or Functional model, built.
        changes: by the id of a layer, entries of its configuration that are others in the copy.
        parts: maps a variable and its value to that of the copy's.

    Returns:
        The copy, not compiled. Its centers have the state of the model's, and assignments that
        are frozen stay so.

    Raises:
        ValueError: as `clone`.
    """
    check_clonable(model)

    def resize(layer: keras.layers.Layer, node: dict) -> dict:
        node = {key: value for key, value in node.items() if key != "build_config"}  # old shapes
        return {**node, "config": {**node["config"], **changes.get(id(layer), {})}}

    copy = _rebuilt(model, resize)
    _copy_weights(model, model.variables, copy, copy.variables, parts)
    for old, new in zip(model.variables, copy.variables, strict=True):
        new.trainable = old.trainable
    return copy


def _rebuilt(model: keras.Model, change: Callable[[keras.layers.Layer, dict], dict]) -> keras.Model:
    """The same graph of layers made anew from their serialized forms, changed."""
    custom = _classes_of_ones_own(model)

    def clone_layer(layer: keras.layers.Layer) -> keras.layers.Layer:
        node = change(layer, keras.saving.serialize_keras_object(layer))
        return keras.saving.deserialize_keras_object(node, custom_objects=custom, safe_mode=False)

    with _not_compiled(model):
        copy = keras.models.clone_model(model, clone_function=clone_layer, recursive=True)
    for old, new in zip(_models_in(model), _models_in(copy), strict=True):
        if new.trainable != old.trainable:  # which Keras does not pass on
            flags = [(layer, layer.trainable) for layer in all_layers(new) if layer is not new]
            new.trainable = old.trainable
            for layer, flag in flags:
                layer.trainable = flag
    return copy


def _models_in(model: keras.Model) -> list[keras.Model]:
    """A model and those within it."""
    return [layer for layer in all_layers(model) if isinstance(layer, keras.Model)]


def _classes_of_ones_own(model: keras.Model) -> dict[str, type]:
    """Classes of layers that are none of Keras, by the names that Keras looks for.

    Keras' own are found by their module. Here they would take the place of others named alike.
    """
    found: dict[str, type] = {}
    for one in {type(layer): None for layer in all_layers(model)}:
        if one.__module__.partition(".")[0] == "keras":
            continue
        name = keras.saving.get_registered_name(one)
        if found.setdefault(name, one) is not one:
            raise ValueError(
                f"Expected layers of classes with names of their own. Received: '{name}' of "
                f"{found[name].__module__} and of {one.__module__}. Decorate both with "
                "@keras.saving.register_keras_serializable, with different packages or names."
            )
    return found


@contextmanager
def _not_compiled(model: keras.Model) -> Iterator[None]:
    """Keeps Keras from copying how models are compiled, with losses it cannot name."""
    compiled = [m for m in all_layers(model) if isinstance(m, keras.Model) and m.compiled]
    for each in compiled:
        each.compiled = False
    try:
        yield
    finally:
        for each in compiled:
            each.compiled = True


def _copy_weights(
    source: keras.Model,
    old_variables: list[keras.Variable],
    target: keras.Model,
    new_variables: list[keras.Variable],
    parts: Callable[[keras.Variable, np.ndarray], np.ndarray] = lambda variable, value: value,
) -> None:
    """Copies variables, with the values that layers run on, and what layers derived from data."""
    hard = {
        id(variable): value
        for layer in rounded_layers(source)
        for variable, value in layer.hardened()
    }
    values = [
        parts(v, hard[id(v)] if id(v) in hard else ops.convert_to_numpy(v)) for v in old_variables
    ]
    if [v.shape for v in values] != [tuple(v.shape) for v in new_variables]:
        raise ValueError(
            f"Cannot copy model '{source.name}': a layer in it builds other weights from its "
            "configuration than it holds, or is shared between a wrapper and the graph. Expected "
            "the weights "
            f"{[(v.path, a.shape) for v, a in zip(old_variables, values, strict=True)]}. Received: "
            f"{[(v.path, v.shape) for v in new_variables]}"
        )
    for value, new in zip(values, new_variables, strict=True):
        new.assign(value)
    for old, new in zip(_adapted_layers(source), _adapted_layers(target), strict=True):
        _copy_adapted_state(old, new)


def _adapted_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """Layers that derive state from data, such as statistics or a vocabulary."""
    return [layer for layer in all_layers(model) if hasattr(layer, "finalize_state")]


def _copy_adapted_state(source: keras.layers.Layer, target: keras.layers.Layer) -> None:
    """Copies what a layer derived from data, in the way in which Keras saves and loads it."""
    store: dict[str, Any] = {}
    source.save_own_variables(store)
    target.load_own_variables(store)
    if hasattr(source, "save_assets"):
        with tempfile.TemporaryDirectory() as folder:
            source.save_assets(folder)
            target.load_assets(folder)


def _common_variables(model: keras.layers.Layer, without: tuple[type, ...]) -> list[keras.Variable]:
    """Variables that a model has in common with its copy, in order."""
    own: set[int] = set()
    for layer in all_layers(model):
        if isinstance(layer, RoundedLayer):
            own.update(id(v) for v in layer.assignment_state())
        elif type(layer) in without:
            own.update(id(v) for v in layer.variables)
    return [v for v in model.variables if id(v) not in own]


def check_clonable(model: keras.Model) -> None:
    """Raises a ValueError unless `model` is a Sequential or Functional model, built."""
    if not isinstance(model, keras.Model):
        raise ValueError(f"Expected a keras.Model. Received: {type(model).__name__}")
    if not model.built:
        raise ValueError(
            f"Model '{model.name}' is not built, so it has no weights. Call it on a batch, or "
            "give it an input shape, first."
        )
    if not hasattr(model, "inputs"):
        remedy = (
            "keras.Model(inputs, model.call(inputs)), with inputs of keras.Input, is one, of the "
            "same layers."
            if rounded_layers(model)
            else "in a subclassed model use the layers of keras_ec.layers in the constructor."
        )
        raise ValueError(
            f"Model '{model.name}' is a subclassed model ({type(model).__name__}), whose layers "
            f"cannot be exchanged from outside. Expected a Sequential or Functional model; {remedy}"
        )


def warn_of_lost_classes(model: keras.Model, copy: keras.Model) -> None:
    """Names the models, the nested ones too, whose copies are of another class than they are."""
    copies = {layer.name: type(layer) for layer in all_layers(copy)}
    lost = [
        f"{layer.name} ({type(layer).__name__})"
        for layer in all_layers(model)
        if isinstance(layer, keras.Model) and copies.get(layer.name, type(layer)) is not type(layer)
    ]
    if lost:
        warnings.warn(
            "Copies are plain Keras models, without the methods of their classes: "
            f"{', '.join(lost)}.",
            stacklevel=3,
        )
