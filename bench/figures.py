"""From samples to the figures of a row: medians, spread, percentiles, ratios. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of one system: messages a second, and seconds of processor time a message, by who used it."""

    rate: float
    cpu: Mapping[str, float] = field(default_factory=dict)


def percentile(sorted_values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` (0 to 1) of all values do not exceed; nearest rank.

    `sorted_values` is in ascending order and not empty.
    """
    rank = max(1, math.ceil(share * len(sorted_values)))
    return sorted_values[rank - 1]


def middle_cpu(samples: Sequence[Sample]) -> dict[str, float]:
    """Return microseconds a message by who used them, each the median of the rounds."""
    names = samples[0].cpu
    return {name: round(statistics.median(each.cpu[name] for each in samples) * 1e6, 1) for name in names}


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """Return how many times theirs ours is, or None where one of them is missing."""
    return ours / theirs if ours is not None and theirs else None
