"""Schedules: plain functions of training progress, from 0 (start) to 1 (end).

Any callable of one float can serve as a schedule; these are the usual ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[float], float]


def _fraction(progress: float, begin: float, end: float) -> float:
    return min(max((progress - begin) / (end - begin), 0.0), 1.0)


def _check_interval(begin: float, end: float) -> None:
    if not 0.0 <= begin < end <= 1.0:
        raise ValueError(f"Expected 0 <= begin < end <= 1. Received: begin={begin}, end={end}")


def constant(value: float) -> Schedule:
    """Schedule that always gives `value`.

    Example:
        >>> constant(0.4)(0.7)
        0.4
    """
    return lambda progress: value


def linear(start: float, stop: float, begin: float = 0.0, end: float = 1.0) -> Schedule:
    """Straight line from `start` at progress `begin` to `stop` at `end`; flat outside.

    Raises:
        ValueError: unless 0 <= begin < end <= 1.

    Example:
        >>> linear(0.0, 1.0, end=0.5)(0.25)
        0.5
    """
    _check_interval(begin, end)
    return lambda progress: start + (stop - start) * _fraction(progress, begin, end)


def exponential(start: float, stop: float, begin: float = 0.0, end: float = 1.0) -> Schedule:
    """Geometric interpolation from `start` to `stop`, both > 0; flat outside.

    Raises:
        ValueError: unless 0 <= begin < end <= 1 and both values are positive.

    Example:
        >>> round(exponential(1.0, 0.25)(0.5), 6)
        0.5
    """
    _check_interval(begin, end)
    if start <= 0 or stop <= 0:
        raise ValueError(f"Expected positive values. Received: start={start}, stop={stop}")
    return lambda progress: start * (stop / start) ** _fraction(progress, begin, end)


def cosine(start: float, stop: float, begin: float = 0.0, end: float = 1.0) -> Schedule:
    """Half a cosine from `start` to `stop`: flat at both ends.

    Raises:
        ValueError: unless 0 <= begin < end <= 1.

    Example:
        >>> round(cosine(1.0, 0.0)(0.5), 6)
        0.5
    """
    _check_interval(begin, end)

    def schedule(progress: float) -> float:
        blend = 0.5 * (1.0 - math.cos(math.pi * _fraction(progress, begin, end)))
        return start + (stop - start) * blend

    return schedule
