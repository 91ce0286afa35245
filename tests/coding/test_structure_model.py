import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ec.coding.range_coder_portable import PortableBitDecoder, PortableBitEncoder
from keras_ec.coding.structure_model import code_structure
from keras_ec.coding.structure_prior import DICTIONARY


def _encode(addresses, data):
    encoder = PortableBitEncoder()
    code_structure(encoder, addresses, data)
    return encoder.finish()


def _decode(addresses, coded):
    decoder = PortableBitDecoder(coded)
    data = code_structure(decoder, addresses)
    decoder.finish()
    return data


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 9), st.binary(max_size=12)), max_size=8),
    st.sampled_from([0, 1, 4, 2**32 - 8, 2**33]),
)
def test_any_bytes_at_any_addresses_come_back(spans, first):
    addresses, data = [], b""
    for gap, part in spans:
        first += gap
        addresses += range(first, first + len(part))
        first += len(part)
        data += part
    assert _decode(addresses, _encode(addresses, data)) == data


@settings(deadline=None)
@given(st.binary(max_size=40), st.integers(0, 40))
def test_any_stream_decodes_to_as_many_bytes_as_there_are_addresses(coded, size):
    assert len(code_structure(PortableBitDecoder(coded), range(size))) == size


def _tables(count):
    """A vector of offsets to tables, the last table first; the tables share the vtable at the end.

    Each holds a random number; zeros of various lengths lie between them.
    """
    gaps = [4 * (zlib.crc32(bytes([k])) % 5) for k in range(count)]
    starts = [sum(gaps[: k + 1]) + 8 * k for k in range(count)]
    end = starts[-1] + 8
    body = b""
    for number, (gap, start) in enumerate(zip(gaps, starts, strict=True)):
        body += bytes(gap) + struct.pack("<iI", start - end, zlib.crc32(bytes([number, 1])))
    offsets = [start + 4 * (count - k) for k, start in enumerate(reversed(starts))]
    return struct.pack(f"<{count}I", *offsets) + body + struct.pack("<3Hxx", 6, 8, 4)


def test_offsets_to_tables_and_vtables_cost_little():
    count = 60
    data = _tables(count)
    noise = count * 4 + count * 3 / 8  # random fields, and distances between the tables
    assert len(_encode(range(len(data)), data)) < noise + count * 2 + 60
    assert len(_encode(range(len(data)), data)) < 0.8 * len(zlib.compress(data, 9))


@pytest.mark.parametrize("start", [0, 1996])
def test_structure_like_the_dictionarys_costs_little(start):
    data = DICTIONARY[start : start + 1500]
    coded = _encode(range(len(data)), data)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    assert len(coded) < 0.3 * len(deflate.compress(data) + deflate.flush())
