"""Coverage-guided fuzzing of the decoder in Python, with atheris.

    python fuzz/atheris_decoder.py CORPUS [libFuzzer options, such as -max_total_time=600]

Damaged files must raise `CorruptFileError` and nothing else. The checksum is verified last, so
that they reach all of the decoder. Content of more than 4 MiB is not tried, for the sake of speed.
"""

import sys

import atheris

with atheris.instrument_imports(include=["keras_ec"]):
    from keras_ec.coding import CorruptFileError, decode_tensors
    from keras_ec.coding.container import decode_content
    from keras_ec.coding.varint import ByteReader

MOST_CONTENT = 1 << 22
_HEAD = 8


def decode(data: bytes) -> None:
    """Decodes a file of either kind; any error but `CorruptFileError` is a finding."""
    try:
        if data[:3] == b"ECT":
            decode_tensors(data)
        elif len(data) < _HEAD or ByteReader(data[_HEAD:]).varint("size") <= MOST_CONTENT:
            decode_content(data)
    except CorruptFileError:
        return


if __name__ == "__main__":
    atheris.Setup(sys.argv, decode)
    atheris.Fuzz()
