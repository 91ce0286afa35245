"""The data sets of the benchmarks, and the splits that settings are chosen on.

MNIST is read from an `.npz`, CIFAR-10 from a `.tar.gz` or directory of pictures in
`<split>/<class>/`; without a path Keras' own copies are used.
"""

from __future__ import annotations

import dataclasses
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

HELD_OUT = {"mnist": 10_000, "cifar-10": 5_000}


@dataclasses.dataclass(frozen=True)
class Data:
    """Pictures, float32 in [0, 1], and labels, for training and for evaluation."""

    x: np.ndarray
    y: np.ndarray
    x_eval: np.ndarray
    y_eval: np.ndarray


def load(name: str, path: Path | None, split: str) -> Data:
    """Reads a data set.

    Args:
        name: `mnist` or `cifar-10`.
        path: file or directory, or None for Keras' own copy.
        split: `test`, or `validation` to hold out the end of the (shuffled) training
            pictures and evaluate on them instead.

    Returns:
        The data; pictures have shape (n, height, width, channels).
    """
    read, downloaded = {
        "mnist": (_read_npz, keras.datasets.mnist),
        "cifar-10": (_read_pictures, keras.datasets.cifar10),
    }[name]
    if path:
        x, y, x_eval, y_eval = read(path)
    else:
        (x, y), (x_eval, y_eval) = downloaded.load_data()
        y, y_eval = y.reshape(-1), y_eval.reshape(-1)
    if split == "validation":
        held_out = HELD_OUT[name]
        x, x_eval = x[:-held_out], x[-held_out:]
        y, y_eval = y[:-held_out], y[-held_out:]
    scale = np.float32(1 / 255)
    shape = (*x.shape[1:3], -1)
    x, x_eval = (a.reshape(len(a), *shape).astype("float32") * scale for a in (x, x_eval))
    return Data(x, y, x_eval, y_eval)


def _read_npz(path: Path) -> list[np.ndarray]:
    with np.load(path) as data:
        return [data[key] for key in ("x_train", "y_train", "x_test", "y_test")]


def _read_pictures(path: Path) -> list[np.ndarray]:
    pictures: dict[str, dict[str, list]] = {"train": {}, "test": {}}
    for name, content in _files(path):
        parts = Path(name).parts
        if name.endswith(".jpg") and parts[-3] in pictures:
            decoded = tf.io.decode_jpeg(content, dct_method="INTEGER_ACCURATE").numpy()
            pictures[parts[-3]].setdefault(parts[-2], []).append(decoded)
    arrays = []
    for split in ("train", "test"):
        classes = sorted(pictures[split])
        x = np.concatenate([pictures[split][c] for c in classes])
        y = np.repeat(np.arange(len(classes)), [len(pictures[split][c]) for c in classes])
        order = np.random.default_rng(0).permutation(len(x))
        arrays += [x[order], y[order]]
    return arrays


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(path.rglob("*.jpg")):
            yield str(file), file.read_bytes()
        return
    with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as archive:
        members = sorted((m for m in archive if m.isfile()), key=lambda m: m.name)
        for member in members:
            yield member.name, archive.extractfile(member).read()


def augmented(data: Data, batch: int, seed: int) -> tf.data.Dataset:
    """Batches of training pictures, shuffled, mirrored at random and moved by up to 4 pixels."""
    height, width, channels = data.x.shape[1:]

    def move(x, y):
        x = tf.image.random_flip_left_right(x)
        x = tf.pad(x, [[4, 4], [4, 4], [0, 0]])
        return tf.image.random_crop(x, (height, width, channels)), y

    pairs = tf.data.Dataset.from_tensor_slices((data.x, data.y))
    pairs = pairs.shuffle(len(data.x), seed=seed).map(move, num_parallel_calls=2)
    return pairs.batch(batch).prefetch(4)
