"""What everybody uses at rest: memory, and processor time while nothing comes. Loaded memory is in the other rows."""

from __future__ import annotations

import time
from collections.abc import Sequence

from asya_cli.bench.figures import rounded
from asya_cli.bench.processes import cpu_seconds
from bench.effort import Effort
from bench.processes import proportional_bytes, resident_bytes
from bench.rows import Row
from bench.stage import OURS, PEERS, Stage
from bench.systems.asya import Chain, Step
from bench.systems.base import System

SIZE = 1024
_REST_ROUNDS = 5
"""The rest takes as long as so many rounds: at 0.3 % of a core, 10 s are 3 ticks of the kernel's clock."""


def run_memory(stage: Stage, effort: Effort, _found: Sequence[Row]) -> list[Row]:
    """Return a row for each system on RabbitMQ, and for actors with a coroutine for a handler, on each transport."""
    rows: list[Row] = []
    with stage.everybody((*OURS, *PEERS), (SIZE,)) as systems:
        rows += rested(systems, effort, {})
    for transport in ("rabbitmq", "nats", "sqs"):
        steps = [
            Step("sync", stage.environments.plain),
            Step("coroutine", stage.environments.plain, "handlers.step_async"),
        ]
        with stage.actors(f"memory-{transport}", steps, transport=transport) as run:
            for step in steps:
                rows += rested([Chain("asya", [step.name], run)], effort, {"handler": step.name})
    return rows


def rested(systems: Sequence[System], effort: Effort, details: dict[str, str]) -> list[Row]:
    """Let them rest, all at the same time, and return what they use then."""
    parts = [system.parts() for system in systems]
    before = [_used(each) for each in parts]
    began = time.monotonic()
    time.sleep(effort.seconds * _REST_ROUNDS)
    seconds = time.monotonic() - began
    return [
        _row(system, each, _percent(used, _used(each), seconds), details)
        for system, each, used in zip(systems, parts, before, strict=True)
    ]


def _row(system: System, parts: dict[str, list[int]], percent: dict[str, float], details: dict[str, str]) -> Row:
    resident = {name: rounded(resident_bytes(pids) / 1e6) for name, pids in parts.items()}
    proportional = {name: rounded(proportional_bytes(pids) / 1e6) for name, pids in parts.items()}
    return Row(
        bench="memory",
        system=system.name,
        transport=system.transport,
        rss_mb=rounded(sum(resident.values())),
        details={**details, "rss_mb": resident, "pss_mb": proportional, "cpu_percent": percent},
    )


def _used(parts: dict[str, list[int]]) -> dict[str, float]:
    return {name: cpu_seconds(pids) for name, pids in parts.items()}


def _percent(before: dict[str, float], after: dict[str, float], seconds: float) -> dict[str, float]:
    return {name: round((after[name] - before[name]) / seconds * 100, 2) for name in before}
