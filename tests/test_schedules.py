import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ec import schedules

MAKERS = [schedules.linear, schedules.exponential, schedules.cosine]


@given(st.floats(0, 1), st.floats(-5, 5))
def test_constant(progress, value):
    assert schedules.constant(value)(progress) == value


@pytest.mark.parametrize("make", MAKERS)
def test_ends_and_flat_outside(make):
    schedule = make(2.0, 0.5, begin=0.2, end=0.6)
    assert schedule(0.0) == schedule(0.2) == 2.0
    assert schedule(0.6) == pytest.approx(0.5)
    assert schedule(1.0) == schedule(0.6)


@pytest.mark.parametrize("make", MAKERS)
@given(first=st.floats(0, 1), second=st.floats(0, 1))
def test_monotone_and_within_bounds(make, first, second):
    schedule = make(2.0, 0.5, begin=0.1, end=0.9)
    low, high = schedule(max(first, second)), schedule(min(first, second))
    assert 0.5 - 1e-12 <= low <= high + 1e-12 <= 2.0 + 2e-12


@given(st.floats(0, 1))
def test_shapes_between_the_ends(progress):
    assert schedules.linear(1.0, 3.0)(progress) == pytest.approx(1 + 2 * progress)
    assert schedules.exponential(1.0, 8.0)(progress) == pytest.approx(8**progress)
    expected = 0.5 + 0.5 * math.cos(math.pi * progress)
    assert schedules.cosine(1.0, 0.0)(progress) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("begin, end", [(0.5, 0.5), (0.7, 0.2), (-0.1, 1.0), (0.0, 1.1)])
def test_bad_intervals(make, begin, end):
    with pytest.raises(ValueError, match="begin < end"):
        make(1.0, 0.5, begin=begin, end=end)


@pytest.mark.parametrize("start, stop", [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0)])
def test_exponential_needs_positive_values(start, stop):
    with pytest.raises(ValueError, match="positive"):
        schedules.exponential(start, stop)
