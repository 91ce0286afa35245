"""Entropy-constrained training of Keras models, and lossless coding of the result.

Names are loaded on first use: importing the package alone imports neither
TensorFlow nor Keras, and coding needs neither. Where Keras is imported already,
the layers are registered at once, so that `keras.models.load_model` finds them.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from keras_ec.training_extra import training_extra

__version__ = "0.1.0"

_MODULES = (
    "callbacks",
    "layers",
    "regularizers",
    "schedules",
    "learning_rate",
    "coding",
    "deploy",
    "runtime",
)
_MEMBERS = {
    "convert": "keras_ec.conversion",
    "strip": "keras_ec.conversion",
    "harden": "keras_ec.hardening",
    "remove_dead_units": "keras_ec.dead_units",
    "Distiller": "keras_ec.distillation",
    "summary": "keras_ec.report",
    "export_tflite": "keras_ec.deploy.export",
    "compress": "keras_ec.deploy.compression",
    "decompress": "keras_ec.runtime",
    "CorruptFileError": "keras_ec.coding.errors",
}

__all__ = [*_MEMBERS, *_MODULES, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'keras_ec' has no attribute {name!r}")
    with training_extra(f"keras_ec.{name}"):
        module = importlib.import_module(_MEMBERS.get(name, f"keras_ec.{name}"))
    value = getattr(module, name) if name in _MEMBERS else module
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


if "keras" in sys.modules:
    importlib.import_module("keras_ec.layers")
