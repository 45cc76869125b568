"""Looking at a system while it works: how many messages came out by when, and what it used for them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from asya_cli.bench.processes import cpu_seconds
from bench.figures import Sample
from bench.systems.base import Access, System, resume

STALLED_SECONDS = 30.0
_INTERVAL = 0.01

Parts = dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Look:
    """A moment: monotonic seconds, messages that were out, seconds of processor time by who used it."""

    at: float
    messages: int
    cpu: dict[str, float]


def look(messages: int, parts: Parts) -> Look:
    """Look now."""
    return Look(time.monotonic(), messages, {name: cpu_seconds(pids) for name, pids in parts.items()})


def between(first: Look, last: Look) -> Sample:
    """Return rate and cost of what happened between two looks."""
    messages = max(1, last.messages - first.messages)
    seconds = max(last.at - first.at, _INTERVAL)
    return Sample(messages / seconds, {name: (last.cpu[name] - first.cpu[name]) / messages for name in last.cpu})


def drained(system: System, access: Access, count: int, broker: list[int]) -> Sample:
    """Let a system that stands still go on, and watch until `count` messages are in the queue behind it.

    Messages come in bursts of as many as a system takes at a time; so the clock runs from the first moment on, not from
    one between two bursts. Raises RuntimeError when nothing comes out for a long time.
    """
    parts = {**system.parts(), "broker": broker}
    first = last = look(0, parts)
    resume(system)
    while last.messages < count:
        now = look(access.depth(system.queue_out), parts)
        if now.messages > last.messages:
            last = now
        elif now.at - last.at > STALLED_SECONDS:
            raise RuntimeError(f"{system.name}: nothing came out any more at {now.messages} of {count} messages")
        if last.messages < count:
            time.sleep(_INTERVAL)
    return between(first, last)
