"""Counters and histograms that only one thread writes, for the few that every message touches many times.

The library's own take a lock for each, which adds up to a sixth of what a message costs here. These are plain numbers;
the library reads them, through its interface for collectors, when somebody asks for `/metrics`. A scrape in another
thread may see a message counted in one place and not yet in the next.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

_written: Callable[[float], str] = floatToGoString


class Tally:
    """A number."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def inc(self, amount: float = 1.0) -> None:
        """Make it larger."""
        self.value += amount

    def dec(self, amount: float = 1.0) -> None:
        """Make it smaller; for gauges."""
        self.value -= amount


class Distribution:
    """How many observations fell into each bucket, and their sum. `bounds` are the buckets' upper ends, included."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def buckets(self) -> tuple[list[tuple[str, float]], float]:
        """Return `(upper end, values up to it)` for every bucket, and the sum of all values."""
        total, cumulated = 0.0, []
        for bound, count in zip((*self._bounds, float("inf")), list(self._counts), strict=True):
            total += count
            cumulated.append((_written(bound), total))
        return cumulated, self._sum


class Counters(Collector):
    """A counter with labels."""

    def __init__(self, name: str, help_: str, *labels: str) -> None:
        self._name, self._help, self._labels = name, help_, labels
        self._members: defaultdict[tuple[str, ...], Tally] = defaultdict(Tally)

    def at(self, *values: str) -> Tally:
        """Return the member with these values of the labels, in their order."""
        return self._members[values]

    def collect(self) -> Iterable[Metric]:
        """Report every member."""
        family = CounterMetricFamily(self._name, self._help, labels=self._labels)
        for values, tally in list(self._members.items()):
            family.add_metric(values, tally.value)
        return [family]


class Level(Tally, Collector):
    """A gauge without labels."""

    __slots__ = ("_help", "_name")

    def __init__(self, name: str, help_: str) -> None:
        super().__init__()
        self._name, self._help = name, help_

    def collect(self) -> Iterable[Metric]:
        """Report it."""
        return [GaugeMetricFamily(self._name, self._help, value=self.value)]


class Histograms(Collector):
    """A histogram with labels."""

    def __init__(self, name: str, help_: str, bounds: Sequence[float], *labels: str) -> None:
        self._name, self._help, self._labels = name, help_, labels
        self._members: defaultdict[tuple[str, ...], Distribution] = defaultdict(lambda: Distribution(bounds))

    def at(self, *values: str) -> Distribution:
        """Return the member with these values of the labels, in their order."""
        return self._members[values]

    def collect(self) -> Iterable[Metric]:
        """Report every member."""
        family = HistogramMetricFamily(self._name, self._help, labels=self._labels)
        for values, distribution in list(self._members.items()):
            family.add_metric(values, *distribution.buckets())
        return [family]
