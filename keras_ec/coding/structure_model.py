"""Context-mixing coder for the bytes of a flatbuffer that no tensor covers.

A flatbuffer is written from its end to its start: what a table refers to is complete before the
table is. The bytes are therefore coded from the last to the first, so that whatever an offset
points at is known already. Each bit is predicted from the bytes that followed earlier occurrences
of its contexts (`_CONTEXTS`), from the vtables and the unreferenced tables seen so far
(`_Tables`), and the predictions are mixed by weights that learn. All of it begins with a preset
dictionary and preset weights (`structure_prior`).
"""

import functools
from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple, Protocol

import numpy as np

from keras_ec.coding.logistic import MAX_STRETCHED, squash, stretch
from keras_ec.coding.structure_prior import DICTIONARY, WEIGHTS

MAX_SIZE = 1 << 15
"""Most bytes that are coded this way; the time grows with their number."""

_CONTEXTS = (
    ((), True, 64),
    ((1,), True, 64),
    ((1, 2), True, 64),
    ((1, 2, 3, 4), False, 32),
    ((1, 2, 3, 4, 5, 6), False, 16),
    ((1, 2, 3, 4, 5, 6, 7, 8, 9, 10), False, 16),
    ((4,), True, 32),
    ((4, 8), True, 32),
    ((4, 8, 12), True, 32),
)
"""Distances of the known bytes that make the context, whether the address modulo 4 belongs to it,
and how many of the latest occurrences count."""

_MAX_UNREFERENCED = 8
_MAX_TABLES = 16
_VTABLE_DISTANCE = 80
INPUTS = len(_CONTEXTS) + 2
SETS, CLASSES = 6, 8
_MIXED = CLASSES - 1
_RATE_SHIFT = 15
_MAX_WEIGHT = 1 << 19
_CLASS_OF_COUNT = [0, 0, 1, 2, 3, 3, 4, 4, 4, 4, 4, 4, *[5] * 28, *[6] * 25]


class ScalarBitCoder(Protocol):
    """Codes one decision after another."""

    def code_bit(self, p: int, bit: int | None = None) -> int:
        """Codes a bit whose probability of a one is `p`, in units of `2**-16`; returns it."""
        ...


@functools.cache
def _log_odds() -> list[list[int]]:
    """Log-odds by number of occurrences and number of ones among them."""
    table: list[list[int]] = [[]]
    for total in range(1, 65):
        ones = np.arange(total + 1)
        table.append(stretch(((10 * ones + 1) << 16) // (10 * total + 2)).tolist())
    return table


@functools.cache
def _squash_list() -> list[int]:
    return squash(np.arange(-MAX_STRETCHED, MAX_STRETCHED + 1)).tolist()


_LONGEST = max(max(distances, default=0) for distances, _, _ in _CONTEXTS)
_GETTERS = [itemgetter(*[-d for d in ds]) if ds else lambda past: () for ds, _, _ in _CONTEXTS]


def _keys(past: bytes | bytearray, phase: int) -> list[object]:
    """Returns the key of each context, given the known bytes, the nearest one last."""
    return [
        (phase, get(past)) if aligned else get(past)
        for get, (_, aligned, _) in zip(_GETTERS, _CONTEXTS, strict=True)
    ]


@functools.cache
def _prior() -> list[dict[object, bytes]]:
    """What followed each context in the dictionary: the bytes, the latest last."""
    past = DICTIONARY[::-1]
    found: list[dict[object, bytearray]] = [{} for _ in _CONTEXTS]
    for position in range(_LONGEST, len(past)):
        phase = (len(past) - 1 - position) & 3
        known = past[position - _LONGEST : position]
        for occurrences, key in zip(found, _keys(known, phase), strict=True):
            occurrences.setdefault(key, bytearray()).append(past[position])
    return [
        {key: bytes(following[-cap:]) for key, following in occurrences.items()}
        for occurrences, (_, _, cap) in zip(found, _CONTEXTS, strict=True)
    ]


class _Occurrences:
    """What followed the contexts so far, dictionary included."""

    def __init__(self) -> None:
        self._past = bytearray(DICTIONARY[::-1])
        self._found: list[dict[object, bytearray]] = [{} for _ in _CONTEXTS]
        self._current: list[bytearray] = []

    def candidates(self, phase: int) -> list[bytes]:
        """Returns, for each context, the bytes that followed its latest occurrences."""
        self._current = []
        result = []
        known = self._past[-_LONGEST:]
        for key, found, prior, (_, _, cap) in zip(
            _keys(known, phase), self._found, _prior(), _CONTEXTS, strict=True
        ):
            occurrences = found.get(key)
            if occurrences is None:
                occurrences = found[key] = bytearray()
            self._current.append(occurrences)
            if len(occurrences) >= cap:
                result.append(bytes(occurrences[-cap:]))
            else:
                earlier = prior.get(key, b"")
                missing = cap - len(occurrences)
                result.append(earlier[-missing:] + occurrences)
        return result

    def add(self, byte: int) -> None:
        """Notes the byte that follows the contexts of the last call of `candidates`."""
        for occurrences in self._current:
            occurrences.append(byte)
        self._past.append(byte)


class _Tables:
    """The flatbuffer's tables and vtables, as far as they are known, and what they predict.

    A table begins with the distance of its vtable, and a vtable with its own size and that of its
    tables. Offsets to tables are distances too.

    Args:
        addresses: Positions of the bytes in the content, ascending.
        data: The bytes; filled from the end by the caller.
    """

    def __init__(self, addresses: Sequence[int], data: bytearray) -> None:
        self._addresses = addresses
        self._data = data
        self._index = {address: index for index, address in enumerate(addresses)}
        self._vtables: list[int] = []
        self._unreferenced: list[int] = []
        self._pending: dict[int, list[int]] = {}

    def whole(self, index: int) -> bool:
        """Returns whether the four bytes from `index` on are neighbours in the content."""
        addresses = self._addresses
        return 0 <= index <= len(addresses) - 4 and addresses[index + 3] == addresses[index] + 3

    def predictions(self, index: int) -> tuple[list[int], list[int]]:
        """Returns likely values of the word at `index`: offsets to tables, and to vtables."""
        address = self._addresses[index]
        tables = [t - address & 0xFFFFFFFF for t in self._unreferenced[-_MAX_UNREFERENCED:]]
        vtables = [address - v & 0xFFFFFFFF for v in self._vtables[-_MAX_TABLES:]]
        return tables, vtables

    def add(self, index: int) -> None:
        """Takes note of the byte at `index`; all bytes behind it are known."""
        address = self._addresses[index]
        for table in self._pending.pop(address, ()):
            self._note(table, address, index)
        if address & 3 == 0 and self.whole(index):
            self._add_word(index, address)

    def _add_word(self, index: int, address: int) -> None:
        word = int.from_bytes(self._data[index : index + 4], "little")
        if word and address + word in self._unreferenced:
            self._unreferenced.remove(address + word)
        vtable = address - (word - ((word & 0x80000000) << 1))
        if vtable > address:
            found = self._index.get(vtable)
            if found is not None:
                self._note(address, vtable, found)
        elif address - _VTABLE_DISTANCE <= vtable < address:
            self._pending.setdefault(vtable, []).append(address)

    def _note(self, table: int, vtable: int, index: int) -> None:
        """Notes a table, if what it takes for its vtable looks like one."""
        if not self.whole(index):
            return
        size, extent = self._data[index : index + 4 : 2]
        if self._data[index + 1] or self._data[index + 3]:
            return
        if 4 <= size <= 64 and size % 2 == 0 and 4 <= extent <= 128:
            self._vtables.append(vtable)
            self._unreferenced.append(table)


class _Input(NamedTuple):
    """Candidates of one input that agree with what is known of a byte.

    Attributes:
        place: Where the weights of the input begin.
        likely: The candidates.
        value: The candidate, if all are the same, else -1.
        sure: Class if all candidates agree about a bit.
    """

    place: int
    likely: Sequence[int]
    value: int
    sure: int


def _make_input(number: int, likely: Sequence[int], known: int) -> _Input:
    """Describes the candidates of an input.

    Args:
        number: Number of the input.
        likely: The candidates, at least one.
        known: How many bytes of the word at hand are known already.
    """
    total, first = len(likely), likely[0]
    if number < len(_CONTEXTS):
        sure = _CLASS_OF_COUNT[total]
    else:
        sure = min(known, 2) + (3 if total > 1 else 0)
    value = first if likely.count(first) == total else -1
    return _Input(number * CLASSES, likely, value, sure)


class Mixer:
    """Turns the bytes that the inputs hold likely into the probability of each bit.

    Args:
        weights: Initial weights, `SETS * INPUTS * CLASSES` integers, units of `2**-16`.
    """

    def __init__(self, weights: Sequence[int]) -> None:
        self.weights = list(weights)

    def code(self, coder: ScalarBitCoder, inputs: list[bytes], known: int, byte: int | None) -> int:
        """Codes one byte.

        Args:
            coder: Encoder or decoder.
            inputs: Likely bytes, from each input; as often as they occurred.
            known: How many bytes of the word at hand are known already.
            byte: The byte when encoding, `None` when decoding.

        Returns:
            The byte.
        """
        live = [_make_input(k, likely, known) for k, likely in enumerate(inputs) if likely]
        has_tables = bool(inputs[-1])
        result = 0
        for mask in (128, 64, 32, 16, 8, 4, 2, 1):
            places, evidence, agreement = _evidence(live, mask)
            start = INPUTS * CLASSES * _weight_set(has_tables, *agreement)
            bit = self._code_bit(
                coder, start, places, evidence, None if byte is None else int(byte & mask > 0)
            )
            live = _remaining(live, mask, bit, known)
            result = result << 1 | bit
        return result

    def _code_bit(
        self,
        coder: ScalarBitCoder,
        start: int,
        places: list[int],
        evidence: list[int],
        bit: int | None,
    ) -> int:
        weights = self.weights
        mixed = 0
        for place, odds in zip(places, evidence, strict=True):
            mixed += weights[start + place] * odds
        mixed = max(-MAX_STRETCHED, min(MAX_STRETCHED, mixed >> 16))
        p = _squash_list()[mixed + MAX_STRETCHED]
        bit = coder.code_bit(p, bit)
        error = (bit << 16) - p
        for place, odds in zip(places, evidence, strict=True):
            weight = weights[start + place] + (error * odds >> _RATE_SHIFT)
            if not -_MAX_WEIGHT <= weight <= _MAX_WEIGHT:
                weight = max(-_MAX_WEIGHT, min(_MAX_WEIGHT, weight))
            weights[start + place] = weight
        return bit


def _evidence(live: list[_Input], mask: int) -> tuple[list[int], list[int], tuple[int, int]]:
    """Returns what inputs say about a bit: places of their weights, log-odds.

    Third come the numbers of inputs that are sure of a one and of a zero.
    """
    log_odds = _log_odds()
    places, evidence = [], []
    ones = zeros = 0
    for place, likely, value, sure in live:
        total = len(likely)
        if value >= 0:
            count = total if value & mask else 0
        else:
            count = sum([v & mask for v in likely]) // mask
        if count == total:
            ones += 1
            places.append(place + sure)
        elif count == 0:
            zeros += 1
            places.append(place + sure)
        else:
            places.append(place + _MIXED)
        evidence.append(log_odds[total][count])
    return places, evidence, (ones, zeros)


def _weight_set(has_tables: bool, ones: int, zeros: int) -> int:
    """Returns the number of a set of weights, given how many inputs are sure of a bit."""
    if has_tables:
        return 4 if ones and zeros else 5
    if ones and zeros:
        return 1
    if ones + zeros == 0:
        return 2
    return 3 if ones + zeros >= 4 else 0


def _remaining(live: list[_Input], mask: int, bit: int, known: int) -> list[_Input]:
    """Returns the inputs without the candidates that have another bit."""
    result = []
    wanted = mask if bit else 0
    for entry in live:
        if entry.value >= 0:
            if entry.value & mask == wanted:
                result.append(entry)
            continue
        likely = [v for v in entry.likely if v & mask == wanted]
        if likely:
            result.append(_make_input(entry.place // CLASSES, likely, known))
    return result


def code_structure(
    coder: ScalarBitCoder,
    addresses: Sequence[int],
    data: bytes | None = None,
    mixer: Mixer | None = None,
) -> bytes:
    """Codes bytes, from the last to the first.

    Args:
        coder: Encoder or decoder.
        addresses: Position of each byte in the content, ascending; at most `MAX_SIZE`.
        data: The bytes when encoding, `None` when decoding.
        mixer: One with other weights than those of the format.

    Returns:
        The bytes.
    """
    size = len(addresses)
    known = bytearray(size)
    occurrences, tables = _Occurrences(), _Tables(addresses, known)
    mixer = mixer or Mixer(WEIGHTS)
    words: tuple[list[int], list[int]] = ([], [])
    for index in range(size - 1, -1, -1):
        phase = addresses[index] & 3
        shift = 8 * phase
        if phase == 3:
            whole = tables.whole(index - 3)
            words = tables.predictions(index - 3) if whole else ([], [])
        inputs = occurrences.candidates(phase)
        inputs += [bytes(word >> shift & 255 for word in likely) for likely in words]
        byte = mixer.code(coder, inputs, 3 - phase, None if data is None else data[index])
        known[index] = byte
        words = tuple([w for w in likely if w >> shift & 255 == byte] for likely in words)
        if phase == 0:
            words = ([], [])
        occurrences.add(byte)
        tables.add(index)
    return bytes(known)
