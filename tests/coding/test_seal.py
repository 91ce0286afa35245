import pytest

from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.seal import check_seal, seal, unseal


def test_seal_is_verified_with_body_and_content():
    data = seal(b"ABC", b"body", [b"con", b"tent"])
    checksum, body = unseal(b"ABC", data)
    assert body == b"body"
    check_seal(checksum, body, [b"content"])


@pytest.mark.parametrize(("body", "content"), [(b"bodY", b"content"), (b"body", b"contenT")])
def test_other_body_or_content_is_refused(body, content):
    checksum, _ = unseal(b"ABC", seal(b"ABC", b"body", [b"content"]))
    with pytest.raises(CorruptFileError, match="checksum"):
        check_seal(checksum, body, [content])


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "begins with"),
        (b"XBC", "begins"),
        (b"ABC", "version"),
        (b"ABC\2", "newer"),
        (b"ABC\1abc", "checksum"),
    ],
)
def test_other_beginnings_are_refused(data, match):
    with pytest.raises(CorruptFileError, match=match):
        unseal(b"ABC", data)
