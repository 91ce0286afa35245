"""Unsigned integers of variable length, and a byte reader that checks every length."""

from keras_ec.coding.errors import CorruptFileError

MAX_VARINT_BYTES = 9


def write_varint(value: int) -> bytes:
    """Returns `value` in base 128, least significant group first.

    Args:
        value: Integer in `[0, 2**63)`.

    Returns:
        One to nine bytes; all but the last have the top bit set.

    Raises:
        ValueError: If `value` is out of range.

    Example:
        >>> write_varint(300).hex()
        'ac02'
    """
    if not 0 <= value < 1 << 63:
        raise ValueError(f"Expected an integer in [0, 2**63). Received: {value}")
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


class ByteReader:
    r"""Reads fields from a byte string; never past its end.

    Args:
        data: The bytes to read.

    Example:
        >>> ByteReader(b"\xac\x02").varint("length")
        300
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)
        self._position = 0

    def remaining(self) -> int:
        """Returns the number of bytes not yet read."""
        return len(self._data) - self._position

    def take(self, count: int, what: str) -> bytes:
        """Returns the next `count` bytes.

        Raises:
            CorruptFileError: If fewer are left; `what` names the field in the message.
        """
        return bytes(self.view(count, what))

    def view(self, count: int, what: str) -> memoryview:
        """Returns the next `count` bytes without copying them.

        Raises:
            CorruptFileError: If fewer are left; `what` names the field in the message.
        """
        if count > self.remaining():
            raise CorruptFileError(
                f"Truncated file: expected {count} bytes of {what}, found {self.remaining()}."
            )
        start = self._position
        self._position += count
        return self._data[start : self._position]

    def varint(self, what: str) -> int:
        """Returns the next variable-length integer.

        Raises:
            CorruptFileError: If it is truncated, too long, or not in its shortest form.
        """
        value = 0
        for i in range(MAX_VARINT_BYTES):
            byte = self.take(1, what)[0]
            value |= (byte & 0x7F) << (7 * i)
            if byte < 0x80:
                if byte == 0 and i > 0:
                    break
                return value
        raise CorruptFileError(f"Malformed variable-length integer in {what}.")
