"""Some hundreds of damaged archives; `make fuzz` tries many more."""

import collections

import pytest
from checks import FORGED_CONTENT, REFUSED, SAME, check
from decoders import PythonDecoder, available_decoders
from mutations import FORGED, PLAIN, SEALED, mutant, seal, split
from seeds import seeds

COUNT = 600
_PARTS = 6


def test_every_decoder_restores_every_seed():
    for seed in seeds():
        for decoder in available_decoders()[0]:
            assert decoder(seed.data) == seed.content, (seed.name, decoder.name)


@pytest.mark.parametrize("part", range(_PARTS))
def test_damage_is_refused_by_every_decoder(part):
    decoders = available_decoders()[0]
    verdicts = collections.Counter()
    for number in range(part, COUNT, _PARTS):
        item = mutant(number, seeds())
        outcome = check(item, decoders)
        assert not outcome.problems, (number, item.kind, item.checksum, item.seed.name)
        verdicts[item.checksum, outcome.verdict] += 1
    assert {verdict for checksum, verdict in verdicts if checksum == PLAIN} == {REFUSED}
    assert (SEALED, FORGED_CONTENT) not in verdicts
    assert verdicts[FORGED, FORGED_CONTENT] > 2


def test_mutants_depend_on_their_number_alone():
    first = [mutant(number, seeds()).data for number in range(60)]
    assert first == [mutant(number, seeds()).data for number in range(60)]
    assert len(set(first)) > 55


def test_fields_are_those_of_the_archive():
    for seed in seeds():
        assert seal(split(seed.data).join(), seed.content) == seed.data


class _Wrong(PythonDecoder):
    """A decoder with faults of its own."""

    def __init__(self, result):
        super().__init__(tfc=False)
        self.name, self._result = "wrong", result

    def __call__(self, data, checked=True):
        if isinstance(self._result, Exception):
            raise self._result
        return self._result(data) if callable(self._result) else self._result


@pytest.mark.parametrize(
    "result, message",
    [
        (b"other bytes", "wrong content"),
        (MemoryError(), "MemoryError"),
        (IndexError("7"), "IndexError: 7"),
        (TimeoutError(), "too slow"),
        (lambda data: bytearray(120 << 20) and None, "bytes for"),
    ],
)
def test_faults_are_found(result, message):
    plain = next(item for item in map(_mutant, range(99)) if item.checksum == PLAIN)
    portable = available_decoders()[0][0]
    problems = check(plain, (portable, _Wrong(result))).problems
    assert any(message in problem for problem in problems)


def _mutant(number):
    return mutant(number, seeds())


def test_disagreement_is_found():
    item = next(
        item
        for item in map(_mutant, range(999))
        if item.checksum == FORGED and check(item, available_decoders()[0][:1]).verdict != REFUSED
    )
    problems = check(item, (available_decoders()[0][0], _Wrong(None))).problems
    assert any("disagree" in problem for problem in problems)


def test_original_content_is_no_problem():
    verdicts = {check(_mutant(n), available_decoders()[0][:1]).verdict for n in range(400)}
    assert verdicts == {REFUSED, SAME, FORGED_CONTENT}
