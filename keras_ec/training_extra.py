"""Tells which command installs what training needs and decoding does not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

_PACKAGES = ("keras", "tensorflow")


@contextlib.contextmanager
def training_extra(name: str) -> Iterator[None]:
    """Imports within need TensorFlow and Keras; where these are missing, says how to get them.

    Args:
        name: what is being imported, for the message.

    Raises:
        ImportError: if TensorFlow or Keras is not installed.

    Example:
        >>> with training_extra("keras_ec.convert"):
        ...     from keras_ec.conversion import convert
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _PACKAGES:
            raise
        raise ImportError(
            f"{name} needs TensorFlow and Keras, but {missing} is not installed. "
            'Install both: pip install "keras_ec[train]"',
            name=missing,
        ) from error
