"""The error raised for files that cannot be decoded."""


class CorruptFileError(ValueError):
    """A file is damaged, truncated, or not of the format that was expected.

    Subclass of `ValueError`. The message says what was expected and what was found.
    """
