"""The pretrained float32 networks that all methods start from."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import keras
import numpy as np
from configuration import BASELINES, baseline_record
from networks import NETWORKS, name_of

from keras_ec.deploy.atomic_file import write_atomically


def load(network: str) -> keras.Model:
    """A pretrained network, not compiled."""
    path = path_of(network)
    if not path.exists():
        raise FileNotFoundError(
            f"Expected the pretrained network {path.name} in {BASELINES}. Make it with "
            f"`python benchmarks/pretrain.py --network {network}`."
        )
    model = NETWORKS[network]()
    load_weights(model, path)
    return model


def under_policy(model: keras.Model, policy: str) -> keras.Model:
    """A copy of a network that computes as a dtype policy says, weights as they are."""
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    copy = NETWORKS[name_of(model)]()
    keras.config.set_dtype_policy(usual)
    copy.set_weights(model.get_weights())
    return copy


def teacher_of(model: keras.Model, settings: dict[str, Any]) -> keras.Model:
    """The network whose answers a training distils, under its dtype policy.

    Args:
        model: the float32 network that is compressed.
        settings: `policy`; `teacher`: another network, or None for the same one;
            `distillation`, which must not be 0 with another.

    Raises:
        ValueError: if another teacher is named that would not be asked, is the network itself,
            or was trained on other data.
    """
    name, own = settings["teacher"], name_of(model)
    if name is None:
        return under_policy(model, settings["policy"])
    data = baseline_record(own)["data"]
    if not settings["distillation"] or name == own or baseline_record(name)["data"] != data:
        raise ValueError(
            f"Expected distillation > 0 and as teacher another network than {own}, trained on "
            f"{data}. Received: distillation {settings['distillation']}, teacher {name}"
        )
    return under_policy(load(name), settings["policy"])


def load_weights(model: keras.Model, path: Path) -> None:
    """Gives a network the weights that `save_weights` stored."""
    with np.load(path) as stored:
        model.set_weights([stored[f"w{i}"] for i in range(len(stored.files))])


def save_weights(model: keras.Model, path: Path) -> None:
    """Stores the weights of a network, in the order of `model.weights`."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{f"w{i}": w for i, w in enumerate(model.get_weights())})
    write_atomically(path, buffer.getvalue())


def path_of(network: str) -> Path:
    """File of a pretrained network."""
    return BASELINES / f"{network}.npz"
