"""Finding layers anywhere in a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from keras_ec.layers.base import ECLayer, QuantizedWeight
from keras_ec.layers.rounded_layer import RoundedLayer


def all_layers(model: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    """Every layer within `model` and itself, each once, outer before inner.

    Follows the attributes of layers and the lists, tuples and dictionaries
    among them, so wrappers, nested models and subclassed models are covered.

    Args:
        model: a layer or model.

    Yields:
        Layers, in order of their creation within each parent.
    """
    seen: set[int] = set()

    def visit(item: Any) -> Iterator[keras.layers.Layer]:
        if id(item) in seen:
            return
        if isinstance(item, keras.layers.Layer):
            seen.add(id(item))
            yield item
            for attribute in list(vars(item).values()):
                yield from visit(attribute)
        elif isinstance(item, (list, tuple)):
            seen.add(id(item))
            for entry in item:
                yield from visit(entry)
        elif isinstance(item, dict):
            seen.add(id(item))
            for entry in item.values():
                yield from visit(entry)

    return visit(model)


def ec_layers(model: keras.layers.Layer) -> list[ECLayer]:
    """The EC layers within a model.

    Args:
        model: a layer or model, built.

    Returns:
        EC layers, each once.

    Raises:
        ValueError: if there is none, or one of them is not built.
    """
    found = [layer for layer in all_layers(model) if isinstance(layer, ECLayer)]
    if not found:
        raise ValueError(
            f"Model '{model.name}' holds no EC layer. Convert it with keras_ec.convert, "
            "or build it with layers of keras_ec.layers."
        )
    for layer in found:
        if not layer.built:
            raise ValueError(
                f"Layer '{layer.name}' of model '{model.name}' has no weights yet. Build the "
                "model first: call it on a batch, or give it an input shape."
            )
    return found


def rounded_layers(model: keras.layers.Layer) -> list[RoundedLayer]:
    """The layers within a model that run on rounded vectors or quantized weights, each once."""
    return [layer for layer in all_layers(model) if isinstance(layer, RoundedLayer)]


def quantized_weights(model: keras.layers.Layer) -> list[QuantizedWeight]:
    """All quantized weight tensors within a model, each once.

    Raises:
        ValueError: as `ec_layers`.
    """
    return [weight for layer in ec_layers(model) for weight in layer.quantized_weights]
