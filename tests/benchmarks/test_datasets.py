import string

import datasets
import numpy as np
import pytest


@pytest.fixture
def digits(tmp_path, monkeypatch):
    """An .npz like MNIST's, of which the last four training pictures are held out."""
    monkeypatch.setitem(datasets.HELD_OUT, "mnist", 4)
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.integers(0, 256, (12, 28, 28), "uint8"),
        "y_train": np.arange(12) % 10,
        "x_test": rng.integers(0, 256, (5, 28, 28), "uint8"),
        "y_test": np.arange(5),
    }
    np.savez(tmp_path / "mnist.npz", **arrays)
    return tmp_path, arrays


def test_held_out_pictures_are_never_trained_on(digits):
    folder, arrays = digits
    validation, test = (datasets.load("mnist", folder, s) for s in ("validation", "test"))
    assert np.array_equal(validation.x, test.x)
    assert np.allclose(validation.x[..., 0] * 255, arrays["x_train"][:8], atol=1e-4)
    assert np.allclose(validation.x_eval[..., 0] * 255, arrays["x_train"][8:], atol=1e-4)
    assert np.allclose(test.x_eval[..., 0] * 255, arrays["x_test"], atol=1e-4)
    assert validation.y_eval.tolist() == [8, 9, 0, 1]


def test_file_and_directory_are_the_same(digits):
    folder, _ = digits
    one, other = (datasets.load("mnist", p, "test") for p in (folder, folder / "mnist.npz"))
    assert np.array_equal(one.x_eval, other.x_eval)


def test_unknown_split_is_refused(digits):
    with pytest.raises(ValueError, match="Received: 'train'"):
        datasets.load("mnist", digits[0], "train")


def test_words_fall_into_splits_by_their_letters():
    words = [a + b + c for a in string.ascii_lowercase for b in "aeiou" for c in "lmnrst"]
    splits = [datasets.split_of(word) for word in words]
    assert splits == [datasets.split_of(word) for word in words]
    shares = {split: splits.count(split) / len(splits) for split in set(splits)}
    assert shares.keys() == {"train", "validation", "test"}
    assert 0.7 < shares["train"] < 0.9
    assert 0.05 < shares["test"] < 0.15


def test_syllables_are_counted_and_homographs_left_out():
    pronunciations = {
        "tomato": [["T", "AH0", "M", "EY1", "T", "OW2"]],
        "live": [["L", "AY1", "V"], ["L", "IH1", "V"]],
        "it's": [["IH1", "T", "S"]],
        "hm": [["HH", "M"]],
        "abcdefghijklmnopq": [["AH0"]],
    }
    assert datasets.syllable_counts(pronunciations) == {"tomato": 3}


def test_letters_and_positions_are_one_hot():
    (word,) = datasets.one_hot_letters(["cab"])
    letters, positions = word[:, :27], word[:, 27:]
    assert letters.argmax(-1)[:4].tolist() == [2, 0, 1, 26]
    assert np.array_equal(positions, np.eye(16))
    assert np.array_equal(letters.sum(-1), np.ones(16))


def _data(shift, mirror=False):
    x = np.random.default_rng(0).random((6, 8, 8, 1), "float32")
    return datasets.Data(x, np.arange(6), x, np.arange(6), "noise", shift, mirror)


def test_batches_hold_every_picture_once():
    data = _data(shift=0)
    x, y = zip(*datasets.batches(data, 4, seed=1).as_numpy_iterator(), strict=True)
    assert [len(part) for part in y] == [4, 2]
    order = np.concatenate(y)
    assert sorted(order) == list(range(6))
    assert np.array_equal(np.concatenate(x), data.x[order])


def test_moved_pictures_are_parts_of_their_originals():
    data = _data(shift=2)
    ((x, y),) = datasets.batches(data, 6, seed=1).as_numpy_iterator()
    for moved, label in zip(x, y, strict=True):
        padded = np.pad(data.x[label], [(2, 2), (2, 2), (0, 0)])
        windows = [padded[i : i + 8, j : j + 8] for i in range(5) for j in range(5)]
        assert any(np.array_equal(moved, window) for window in windows)


def test_same_seed_gives_the_same_batches():
    one, other, third = (
        list(datasets.batches(_data(2, True), 4, seed).as_numpy_iterator()) for seed in (3, 3, 4)
    )
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(one, other, strict=True))
    assert not all(np.array_equal(a[0], b[0]) for a, b in zip(one, third, strict=True))


def test_shift_of_a_method_replaces_that_of_the_data_set():
    data = _data(shift=2)
    ((x, y),) = datasets.batches(data, 6, seed=1, shift=0).as_numpy_iterator()
    assert np.array_equal(x, data.x[y])
