"""ECQ: straight-through training with an assignment by distance and code length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import rate_distortion_centers
from baseline import under_policy
from datasets import Data
from shipped import Shipped

import keras_ec
from keras_ec.traversal import quantized_weights
from methods.keras_ec import centers_of, harden_assignments, train_and_ship


def compress(
    base: keras.Model, data: Data, settings: dict[str, Any], seed: int, folder: Path
) -> Shipped:
    """Trains a network with the assignment of ECQ and archives it; see `methods`."""
    model = keras_ec.convert(
        under_policy(base, settings["policy"]),
        alpha=0.0,
        num_examples=len(data.x),
        centers=centers_of(settings),
        center_type=rate_distortion_centers.KIND,
        rate_model="order_0",
    )
    rate_distortion_centers.share_by_size(quantized_weights(model))
    callback = harden_assignments(settings, settings["price"])
    return train_and_ship(model, base, data, settings, seed, folder, callback)
