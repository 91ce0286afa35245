"""What the exported network could not compute as the model does is refused."""

from __future__ import annotations

from collections.abc import Iterator

import keras

from keras_ec.traversal import all_layers


def check_exportable(model: keras.Model) -> None:
    """Raises a ValueError for models of which no network can be exported that infers the same.

    Args:
        model: a built model, Sequential or Functional.

    Raises:
        ValueError: if the model normalizes by statistics of the batch, or has recurrent layers
            that are not unrolled and no fixed batch size: the runtime has loops for arrays of
            known shape alone.
    """
    for layer in _called_as_in_training(model):
        if any(isinstance(inner, keras.layers.BatchNormalization) for inner in all_layers(layer)):
            raise ValueError(
                f"Layer '{layer.name}' is called with training=True in model '{model.name}', so "
                "that it normalizes by statistics of the batch. Expected a model that calls it "
                "without this argument."
            )
    loops = (layer for layer in all_layers(model) if isinstance(layer, keras.layers.RNN))
    endless = [layer.name for layer in loops if not layer.unroll]
    if endless and any(tensor.shape[0] is None for tensor in model.inputs):
        raise ValueError(
            f"Recurrent layer '{endless[0]}' cannot be exported for batches of any size. Expected "
            "a model with a fixed batch size, keras.Input(..., batch_size=1), or a layer with "
            "unroll=True. A model made anew takes the weights of this one by set_weights."
        )


def _called_as_in_training(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Layers that graphs call with training=True at all times."""
    for graph in all_layers(model):
        if isinstance(graph, keras.Model) and hasattr(graph, "inputs"):
            for entry in graph.get_config()["layers"]:
                calls = entry.get("inbound_nodes", [])
                if any(call["kwargs"].get("training") is True for call in calls):
                    yield graph.get_layer(entry["name"])
