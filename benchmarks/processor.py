"""What the processor has instructions for."""

from __future__ import annotations

from pathlib import Path

BFLOAT16_FLAGS = {"amx_bf16", "avx512_bf16"}
CPUINFO = Path("/proc/cpuinfo")


def computes_bfloat16(cpuinfo: Path = CPUINFO) -> bool:
    """Whether all cores have instructions for products of bfloat16 numbers.

    Args:
        cpuinfo: what Linux says of the cores; where there is no such file, they count as
            without.
    """
    if not cpuinfo.exists():
        return False
    lines = [line for line in cpuinfo.read_text().splitlines() if line.startswith("flags")]
    return bool(lines) and all(BFLOAT16_FLAGS & set(line.split()) for line in lines)
