"""EC layers built by hand, in a Functional model with a residual branch and two inputs.

No conversion and no pretrained network: layers of keras_ec are put together like
any others, each with centers, forward pass and rate of its own, and trained from
scratch. The second input is the brightness of each row and column of the picture.

    python examples/functional_model.py --out functional
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import keras_ec
from keras_ec.layers import ECConv2D, ECDense
from keras_ec.regularizers import EntropyRegularizer


def build_network(num_examples: int, alpha: float) -> keras.Model:
    """The network.

    Args:
        num_examples: number of training examples, the unit of the rate.
        alpha: weight of the rate.

    Returns:
        A model of two inputs: pictures (8, 8, 1) and profiles (16,).
    """
    # A regularizer holds settings and no state, so layers may share one. The
    # small first convolution may cost more bits a weight than the others.
    rate = EntropyRegularizer(alpha, num_examples)
    gentle_rate = EntropyRegularizer(alpha / 4, num_examples)

    picture = keras.Input((8, 8, 1), name="picture")
    profile = keras.Input((16,), name="profile")

    # 31 evenly spaced centers, hardened weights in the forward pass: the defaults
    # but for their number.
    x = ECConv2D(
        32, 3, padding="same", centers=31, entropy_regularizer=gentle_rate, name="features"
    )(picture)
    x = layers.ReLU()(layers.BatchNormalization()(x))

    # A residual block. Five centers, each with a trainable value of its own.
    y = ECConv2D(
        32,
        3,
        padding="same",
        use_bias=False,
        centers=5,
        center_type="free",
        entropy_regularizer=rate,
        name="residual",
    )(x)
    x = layers.ReLU()(layers.Add()([x, layers.BatchNormalization()(y)]))
    x = layers.Flatten()(layers.MaxPooling2D()(x))

    # The paper's Gaussian pre-activations, over soft assignments.
    x = ECDense(
        64, activation="relu", forward="gaussian", entropy_regularizer=rate, name="of_picture"
    )(x)

    # Centers given by value: ternary weights.
    z = ECDense(
        32,
        activation="relu",
        centers=[-0.25, 0.0, 0.25],
        entropy_regularizer=rate,
        name="of_profile",
    )(profile)

    # An ordinary layer among EC layers keeps its float32 weights.
    logits = layers.Dense(10, name="logits")(layers.Concatenate()([x, z]))
    return keras.Model([picture, profile], logits, name="by_hand")


def load_data(seed: int) -> tuple[dict, dict, np.ndarray, np.ndarray]:
    """Digits as inputs by name: training and validation inputs, then labels."""
    x, y = load_digits(return_X_y=True)
    pictures = (x / 16.0).astype("float32").reshape(-1, 8, 8, 1)
    rows_and_columns = np.concatenate([pictures.mean(2), pictures.mean(1)], axis=1)
    inputs = [pictures, rows_and_columns.reshape(-1, 16)]
    parts = train_test_split(*inputs, y, test_size=360, random_state=seed, stratify=y)
    training = {"picture": parts[0], "profile": parts[2]}
    validation = {"picture": parts[1], "profile": parts[3]}
    return training, validation, parts[4], parts[5]


def main() -> None:
    """Runs the example from the command line."""
    parser = argparse.ArgumentParser(
        description="EC layers built by hand in a Functional model, trained on digits.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--alpha", type=float, default=0.05, help="weight of the rate")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(options.seed)
    x_train, x_validation, y_train, y_validation = load_data(options.seed)

    model = build_network(len(y_train), options.alpha)
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = model.fit(
        x_train,
        y_train,
        epochs=options.epochs,
        validation_data=(x_validation, y_validation),
        callbacks=[keras_ec.callbacks.HardenAssignments(fine_tune_epochs=options.epochs // 6)],
        verbose=0,
    )
    keras_ec.summary(model)

    # The stripped network is plain Keras, with the hardened weights.
    plain = keras_ec.strip(model)
    difference = np.abs(
        model.predict(x_validation, verbose=0) - plain.predict(x_validation, verbose=0)
    )
    accuracy = history.history["val_accuracy"][-1]
    ecz = options.out / "model.ecz"
    result = {
        "fp32_bytes": 4 * plain.count_params(),
        "ecz_bytes": keras_ec.compress(model, ecz),
        "validation_accuracy": accuracy,
        "strip_difference": float(difference.max()),
    }
    (options.out / "result.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"Validation accuracy, hardened: {accuracy:.2%}")
    print(f"Largest difference to the stripped network: {difference.max():.1e}")
    print(f"fp32 weights {result['fp32_bytes']:,} bytes, {ecz} {result['ecz_bytes']:,} bytes")


if __name__ == "__main__":
    main()
