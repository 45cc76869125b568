"""What an actor has done so far, by its sidecar's metrics and the kernel, and what it did between two such moments."""

from __future__ import annotations

import http.client
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

from asya_cli.bench.processes import cpu_seconds, idle_seconds

Parts = Mapping[str, list[int]]
"""Process ids by what they are for: sidecar, runtime, broker."""

_WITHIN = 10.0
_LEAST = 1e-6  # seconds in the handler: runtimes tell whole microseconds
_SETTLED = "asya_actor_messages_processed_total"
_INSIDE = "asya_actor_runtime_execution_duration_seconds_sum"
_IN_HAND = "asya_actor_processing_duration_seconds_sum"


@dataclass(frozen=True, slots=True)
class Reading:
    """A moment. Seconds are sums since the actor began: `inside` its handler, `in_hand` from delivery to settlement.

    `settled` counts messages by outcome, `cpu` is processor time by part; `idle` what all processors had left.
    """

    at: float
    settled: Mapping[str, int]
    inside: float
    in_hand: float
    cpu: Mapping[str, float]
    idle: float

    @property
    def done(self) -> int:
        """Messages that are settled, however."""
        return sum(self.settled.values())


@dataclass(frozen=True, slots=True)
class Sample:
    """One round: messages a second, seconds a message in the handler and by part of processor time.

    `in_hand` is how many messages the sidecar had at a time, `idle` the share (0 to 1) of all processors that was free.
    """

    rate: float
    inside: float
    in_hand: float
    cpu: Mapping[str, float]
    idle: float


def read(metrics_url: str, parts: Parts) -> Reading:
    """Look now. Raises OSError where the sidecar does not answer."""
    settled: dict[str, int] = {}
    sums = {_INSIDE: 0.0, _IN_HAND: 0.0}
    for family in text_string_to_metric_families(_get(metrics_url)):
        for sample in family.samples:
            if sample.name == _SETTLED:
                settled[sample.labels["status"]] = int(sample.value)
            elif sample.name in sums:
                sums[sample.name] += sample.value
    return renewed(Reading(0.0, settled, sums[_INSIDE], sums[_IN_HAND], {}, 0.0), parts)


def renewed(reading: Reading, parts: Parts) -> Reading:
    """Return the same counts with clock and processor time of now."""
    cpu = {part: cpu_seconds(pids) for part, pids in parts.items()}
    return replace(reading, at=time.monotonic(), cpu=cpu, idle=idle_seconds())


def between(first: Reading, last: Reading) -> Sample:
    """Return what happened between two readings, in which at least one message was settled."""
    seconds, messages = last.at - first.at, last.done - first.done
    return Sample(
        rate=messages / seconds,
        inside=max(_LEAST, (last.inside - first.inside) / messages),
        in_hand=(last.in_hand - first.in_hand) / seconds,
        cpu={part: (used - first.cpu[part]) / messages for part, used in last.cpu.items()},
        idle=min(1.0, (last.idle - first.idle) / (seconds * (os.cpu_count() or 1))),
    )


def _get(url: str) -> str:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=_WITHIN)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()
