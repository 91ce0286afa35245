"""Examples by which the converter finds the range of each activation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np


def representative_dataset(
    calibration: Any, inputs: Sequence[Any]
) -> Callable[[], Iterator[dict[str, np.ndarray]]]:
    """What `tf.lite.TFLiteConverter.representative_dataset` takes.

    Args:
        calibration: examples, shape (examples, ...); of networks with several inputs a list or
            tuple of such arrays, in the order of `inputs`.
        inputs: those of the network, with a name, a shape and a dtype each.

    Returns:
        A function that gives the examples, by names of inputs, one by one, or in batches if
        the network's are fixed.

    Raises:
        ValueError: if there are not as many arrays as inputs, or not as many examples in each,
            fewer than a batch, or their shapes are not those of the inputs, values not finite, or
            no whole numbers where the input's are.
    """
    several = isinstance(calibration, (list, tuple)) and len(inputs) > 1
    arrays = [np.asarray(a) for a in (calibration if several else [calibration])]
    batch = inputs[0].shape[0] or 1
    shapes = [tuple(one.shape[1:]) for one in inputs]
    if len(arrays) != len(inputs) or any(map(_differs, arrays, shapes)):
        raise ValueError(
            "Expected examples for calibration of the shapes "
            f"{', '.join(str(('examples', *shape)) for shape in shapes)}. "
            f"Received: {', '.join(f'{a.shape} of {a.dtype}' for a in arrays)}."
        )
    counts = {len(a) for a in arrays}
    if len(counts) > 1 or min(counts) < batch:
        raise ValueError(
            "Expected as many examples for calibration of each input, "
            f"{batch} or more. Received: {', '.join(map(str, sorted(counts)))}."
        )
    if not all(np.isfinite(a).all() for a in arrays):
        raise ValueError(
            "Expected finite examples for calibration. Received: some that are infinite or NaN."
        )
    for a, one in zip(arrays, inputs, strict=True):
        if "int" in str(one.dtype) and np.any(a != np.round(a)):
            raise ValueError(
                f"Expected whole numbers for calibration of input '{one.name}', which is of "
                f"{one.dtype}. Received: fractions."
            )
    named = {one.name: a.astype(one.dtype) for one, a in zip(inputs, arrays, strict=True)}
    starts = range(0, min(counts) - batch + 1, batch)
    return lambda: ({k: a[start : start + batch] for k, a in named.items()} for start in starts)


def in_order(calibration: Any, names: Any, inputs: Sequence[Any]) -> Any:
    """Examples in the order of a network's inputs.

    Args:
        calibration: as `representative_dataset` takes it, or a dict of arrays.
        names: the inputs as calls pass them, maybe in a dict.
        inputs: the same in order.

    Returns:
        As `representative_dataset` takes it.

    Raises:
        ValueError: if a dict has other keys than that of the inputs, or these are in none or in a
            nested one.
    """
    if not isinstance(calibration, dict):
        return calibration
    keys = {id(one): key for key, one in names.items()} if isinstance(names, dict) else {}
    if set(keys) != {id(one) for one in inputs}:
        raise ValueError(
            "Expected examples for calibration in a list, in the order of `model.inputs`, since "
            "the model does not take its inputs in a flat dict. "
            f"Received: a dict of {[*calibration]}."
        )
    if set(keys.values()) != set(calibration):
        raise ValueError(
            "Expected examples for calibration by the keys of the model's inputs, "
            f"{[*keys.values()]}. Received: {[*calibration]}."
        )
    arrays = [calibration[keys[id(one)]] for one in inputs]
    return arrays if len(arrays) > 1 else arrays[0]


def _differs(array: np.ndarray, shape: tuple[int | None, ...]) -> bool:
    """Whether examples are not of an input's shape; None there stands for any length."""
    if array.dtype.kind not in "biuf" or array.ndim != 1 + len(shape):
        return True
    return any(b not in (a, None) for a, b in zip(array.shape[1:], shape, strict=True))
