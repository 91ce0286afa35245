"""Which layers of a model get the outputs of which."""

from __future__ import annotations

from typing import Any

import keras

from keras_ec.traversal import all_layers


class Graph:
    """The calls in a model's graph, and in the graphs of models in it.

    Args:
        model: a built model. Only Sequential and Functional ones are graphs: there are no calls
            of others, of wrappers, and where a layer cannot tell its configuration.

    Attributes:
        calls: layers or operations of each graph, with those whose outputs they get in all their
            calls there; the outputs of a graph as an entry without a layer, None.
    """

    def __init__(self, model: keras.layers.Layer) -> None:
        self.calls: list[tuple[Any, list[Any]]] = []
        self._opaque: set[int] = set()
        self._training: set[int] = set()
        if not self._collect(model, training=False):
            self.calls.clear()
        self._sources: dict[int, list[Any]] = {}
        self._consumers: dict[int, list[Any]] = {}
        for layer, sources in self.calls:
            self._sources.setdefault(id(layer), []).extend(sources)
            for source in sources:
                self._consumers.setdefault(id(source), []).append(layer)

    def consumers(self, layer: Any) -> list[Any]:
        """What gets the outputs of a layer or operation, an entry a call; None for an output."""
        return self._consumers.get(id(layer), [])

    def is_called_once(self, layer: Any) -> bool:
        """Whether one call with one input, in one graph, is all that is made of a layer."""
        return len(self._sources.get(id(layer), [])) == 1 and id(layer) not in self._opaque

    def may_be_called_unseen(self, layer: Any) -> bool:
        """Whether a layer is also held by a wrapper or a model that is no graph."""
        return id(layer) in self._opaque

    def is_always_training(self, layer: Any) -> bool:
        """Whether a layer is called with ``training=True``, by itself or with a model around it."""
        return id(layer) in self._training

    def _collect(self, model: Any, training: bool) -> bool:
        """Collects the calls of a graph; returns whether it is one, no more, and can be read."""
        if not (isinstance(model, keras.Model) and getattr(model, "inputs", None)):
            return False
        graph = keras.Model(model.inputs, model.outputs)
        if type(model) not in (type(graph), keras.Sequential):
            return False
        try:
            config = graph.get_config()
        except Exception:  # whatever somebody's layer raises that cannot tell its configuration
            return False
        by_name = {operation.name: operation for operation in graph.operations}
        for entry in config["layers"]:
            layer = by_name[entry["name"]]
            sources = [by_name[name] for name in _source_names(entry["inbound_nodes"])]
            self.calls.append((layer, sources))
            in_training = training or _says_training(entry["inbound_nodes"])
            if in_training:
                self._training.add(id(layer))
            if isinstance(layer, keras.layers.Layer) and not self._collect(layer, in_training):
                self._opaque.update(id(part) for part in all_layers(layer) if part is not layer)
        outputs = [by_name[name] for name in _output_names(config["output_layers"])]
        self.calls.append((None, outputs))
        return True


def _says_training(nodes: list[Any]) -> bool:
    """Whether one of a layer's serialized calls is with ``training=True``."""
    return any(isinstance(n, dict) and n.get("kwargs", {}).get("training") for n in nodes)


def _source_names(node: Any) -> list[str]:
    """Names of the operations whose tensors a serialized call refers to."""
    if isinstance(node, dict):
        if node.get("class_name") == "__keras_tensor__":
            return [node["config"]["keras_history"][0]]
        node = list(node.values())
    nested = node if isinstance(node, (list, tuple)) else ()
    return [name for part in nested for name in _source_names(part)]


def _output_names(outputs: Any) -> list[str]:
    """Names of the operations that give the outputs: entries [name, node, tensor], nested."""
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    if len(outputs) == 3 and isinstance(outputs[0], str):
        return [outputs[0]]
    return [name for part in outputs for name in _output_names(part)]
