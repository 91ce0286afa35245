"""The pretrained float32 networks that all methods start from."""

from __future__ import annotations

import io
import json
from pathlib import Path

import keras
import numpy as np
from networks import NETWORKS

from keras_ec.deploy.atomic_file import write_atomically

FOLDER = Path(__file__).parent / "baselines"


def weights_of(network: str) -> list[np.ndarray]:
    """Weights of a pretrained network, in the order of `model.weights`."""
    path = FOLDER / f"{network}.npz"
    if not path.exists():
        raise FileNotFoundError(
            f"Expected the pretrained network {path.name} in {FOLDER}. Make it with "
            f"`python benchmarks/pretrain.py --network {network}`."
        )
    with np.load(path) as stored:
        return [stored[f"w{i}"] for i in range(len(stored.files))]


def load(network: str) -> keras.Model:
    """A pretrained network, not compiled."""
    model = NETWORKS[network]()
    model.set_weights(weights_of(network))
    return model


def save(network: str, model: keras.Model) -> Path:
    """Stores the weights of a network as the pretrained one."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{f"w{i}": w for i, w in enumerate(model.get_weights())})
    FOLDER.mkdir(exist_ok=True)
    write_atomically(FOLDER / f"{network}.npz", buffer.getvalue())
    return FOLDER / f"{network}.npz"


def record(network: str) -> dict:
    """How a pretrained network was made, and its errors in percent."""
    return json.loads((FOLDER / f"{network}.json").read_text())
