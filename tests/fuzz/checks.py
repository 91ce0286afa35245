"""What must hold for a damaged archive, whatever the damage."""

import dataclasses
import zlib

from decoders import DecoderFault, PythonDecoder
from mutations import FORGED, PLAIN, Mutant, seal

from keras_ec.coding.container import MAX_CONTENT, MAX_EXPANSION
from keras_ec.coding.errors import CorruptFileError
from keras_ec.coding.varint import ByteReader

REFUSED, SAME, FORGED_CONTENT = "refused", "original content", "content of a forged file"
MEMORY_CONSTANT = 16 << 20
"""Bytes that decoding may take beside those in proportion to the content that a file declares."""

_HEAD = 8


@dataclasses.dataclass
class Outcome:
    """What the decoders made of a mutant.

    Attributes:
        verdict: `REFUSED`, `SAME` or `FORGED_CONTENT`.
        problems: What went wrong, empty if nothing did.
        most_memory: Largest growth of resident memory in a decoder, bytes.
        excess: The largest growth less what is in proportion to the declared size, bytes.
    """

    verdict: str
    problems: list[str]
    most_memory: int = 0
    excess: int = 0


class ResidentMemory:
    """Measures the growth of this process's resident memory, on Linux; elsewhere it is 0."""

    def __init__(self) -> None:
        self.growth = 0
        self._before = 0

    def __enter__(self) -> "ResidentMemory":
        try:
            with open("/proc/self/clear_refs", "w") as file:
                file.write("5")
        except OSError:
            self._before = 0
        else:
            self._before = _status("VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        if self._before:
            self.growth = max(0, _status("VmHWM") - self._before)


def _status(name: str) -> int:
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith(name + ":"):
                return int(line.split()[1]) << 10
    raise OSError(f"/proc/self/status: expected a line {name}, found none")


def declared_size(data: bytes) -> int:
    """Returns the size of the content that a file declares, 0 if it is beyond the format's."""
    try:
        size = ByteReader(data[_HEAD:]).varint("size")
    except CorruptFileError:
        return 0
    return size if size <= min(MAX_CONTENT, MAX_EXPANSION * len(data)) else 0


def check(mutant: Mutant, decoders: tuple) -> Outcome:
    """Runs all decoders on a mutant.

    Args:
        mutant: The damaged file.
        decoders: As `available_decoders` returns them; the portable one first.
    """
    outcome = Outcome(REFUSED, [])
    data, expected = mutant.data, mutant.seed.content
    if mutant.checksum == FORGED:
        portable = decoders[0]
        assert isinstance(portable, PythonDecoder)
        with ResidentMemory() as memory:
            found = _run(portable, data, outcome, checked=False)
        _check_memory(memory.growth, data, portable, outcome)
        if found is not None:
            expected = found
            data = seal(data[_HEAD:], found)
            outcome.verdict = SAME if found == mutant.seed.content else FORGED_CONTENT
    verdicts = {}
    for decoder in decoders:
        with ResidentMemory() as memory:
            result = _run(decoder, data, outcome)
        _check_memory(memory.growth, data, decoder, outcome)
        verdicts[decoder.name] = result is not None
        if result is not None and result != expected:
            crc = zlib.crc32(result)
            outcome.problems.append(f"{decoder.name}: wrong content, CRC-32 {crc:#x}")
        if result is not None and mutant.checksum == PLAIN and result != mutant.seed.content:
            outcome.problems.append(f"{decoder.name}: decoded a damaged file")
    if len(set(verdicts.values())) > 1:
        outcome.problems.append(f"decoders disagree: {verdicts}")
    elif mutant.checksum == FORGED and set(verdicts.values()) != {outcome.verdict != REFUSED}:
        outcome.problems.append("a file that is valid but for its checksum was refused with it")
    elif outcome.verdict == REFUSED and any(verdicts.values()):
        outcome.verdict = SAME
    return outcome


def _run(decoder, data: bytes, outcome: Outcome, **arguments: bool) -> bytes | None:
    try:
        return decoder(data, **arguments)
    except DecoderFault as error:
        outcome.problems.append(f"{decoder.name}: {error}")
    except TimeoutError:
        outcome.problems.append(f"{decoder.name}: too slow")
    except Exception as error:
        outcome.problems.append(f"{decoder.name}: {type(error).__name__}: {error}")
    return None


def _check_memory(growth: int, data: bytes, decoder, outcome: Outcome) -> None:
    declared = declared_size(data)
    excess = growth - decoder.memory_factor * declared
    outcome.most_memory = max(outcome.most_memory, growth)
    outcome.excess = max(outcome.excess, excess)
    if excess > MEMORY_CONSTANT:
        outcome.problems.append(f"{decoder.name}: {growth} bytes for {declared} of content")
