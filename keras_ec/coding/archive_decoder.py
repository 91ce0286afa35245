"""Decoding a container by the decoder in C where that is installed, else by the one in Python.

Both restore the same bytes; C takes a small part of the time. It is compiled when keras_ec is
installed, if there is a compiler.
"""

from types import ModuleType

from keras_ec.coding import container
from keras_ec.coding.container import Progress

_compiled: ModuleType | None
try:
    from keras_ec import _ecz_decoder as _compiled
except ImportError:
    _compiled = None


def is_compiled() -> bool:
    """Returns whether the decoder in C is installed."""
    return _compiled is not None


def decode_archive(data: bytes, progress: Progress | None = None) -> bytes:
    """Decodes a container.

    What the decoder in C refuses goes to the one in Python, which says what is wrong with it.

    Args:
        data: What `container.encode_content` returned.
        progress: Told what is done; the decoder in C tells nothing before the end.

    Returns:
        The content.

    Raises:
        CorruptFileError: If `data` is damaged or no container.
    """
    if is_compiled():
        content = _compiled.decode(bytes(data), container.largest_content(data))
        if content is not None:
            return content
    return container.decode_content(data, progress)
