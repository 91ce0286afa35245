import pytest
from processor import computes_bfloat16


@pytest.mark.parametrize(
    "text, answer",
    [
        ("processor\t: 0\nflags\t\t: fpu avx2 amx_bf16\n", True),
        ("flags\t\t: fpu avx512_bf16\n\nflags\t\t: avx512_bf16 fpu\n", True),
        ("flags\t\t: fpu amx_bf16\n\nflags\t\t: fpu avx2\n", False),
        ("flags\t\t: fpu avx2\nbugs\t\t: amx_bf16\n", False),
        ("", False),
    ],
)
def test_instructions_for_bfloat16(text, answer, tmp_path):
    (tmp_path / "cpuinfo").write_text(text)
    assert computes_bfloat16(tmp_path / "cpuinfo") is answer


def test_other_systems_count_as_without(tmp_path):
    assert computes_bfloat16(tmp_path / "cpuinfo") is False
