"""From rounds to figures that a person reads. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle, the lowest and the highest of some rounds."""

    median: float
    least: float
    most: float


def spread(values: Sequence[float]) -> Spread:
    """Return the middle and the ends of at least one value."""
    return Spread(statistics.median(values), min(values), max(values))


def rounded(value: float) -> float:
    """Return a figure with the digits that a reader can use: four of them, all of those before the point."""
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, max(0, 3 - math.floor(math.log10(abs(value)))))


def next_count(rate: float, seconds: float, *, least: int, most: int) -> int:
    """Return how many messages keep a system busy for about `seconds`, as fast as it was the last time."""
    return max(least, min(most, round(rate * seconds)))
