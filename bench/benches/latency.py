"""How long messages take at 10, 50 and 80 % of each system's own top rate, sent at fixed moments.

The broker's own ceiling gets the actor's rates, too: what an actor adds to the broker is the difference of the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from asya_cli.bench.figures import rounded
from bench.effort import Effort
from bench.figures import percentile
from bench.openloop import Outcome, drive
from bench.race import Entrant
from bench.rows import Row
from bench.stage import OURS, PEERS, Stage
from bench.systems.base import System

LOADS = (0.1, 0.5, 0.8)
SIZE = 1024


@dataclass(slots=True)
class Trial:
    """One system at one rate; `load` is the part of `of`'s top rate."""

    system: System
    load: float
    of: str
    rate: float
    outcomes: list[Outcome] = field(default_factory=list)

    def row(self) -> Row:
        """Return the percentiles of all rounds together."""
        found = sorted(each for outcome in self.outcomes for each in outcome.latencies)
        p50, p99, p999 = ((rounded(percentile(found, share) * 1e3) if found else None) for share in (0.5, 0.99, 0.999))
        missing = sum(outcome.missing for outcome in self.outcomes)
        name = "ceiling" if self.system.name == "broker" else self.system.name
        return Row(
            bench="latency",
            system=name,
            payload_bytes=SIZE,
            rate=rounded(self.rate),
            rounds=len(self.outcomes),
            p50_ms=p50,
            p99_ms=p99,
            details={"load": self.load, "of": self.of, "p999_ms": p999, "messages": len(found), "missing": missing},
        )


def run_latency(stage: Stage, effort: Effort, found: Sequence[Row]) -> list[Row]:
    """Return a row for each system and load."""
    with stage.everybody((*OURS, *PEERS, "broker"), (SIZE,)) as systems:
        tops = {system.name: _top_rate(system, stage, effort, found) for system in systems if system.name != "broker"}
        trials = list(_trials(systems, tops))
        for number in effort.numbers():
            for trial in trials:
                trial.outcomes.append(drive(trial.system, SIZE, trial.rate, effort.seconds))
                _empty(trial.system)
            stage.tell(f"latency, round {number} of {effort.rounds}")
    return [trial.row() for trial in trials]


def _trials(systems: Sequence[System], tops: dict[str, float]) -> Iterator[Trial]:
    for load in LOADS:
        for system in systems:
            of = "asya" if system.name == "broker" else system.name
            yield Trial(system, load, of, tops[of] * load)


def _top_rate(system: System, stage: Stage, effort: Effort, found: Sequence[Row]) -> float:
    """Return what the system did in this run's throughput bench, or else find out."""
    for row in found:
        if (row.bench, row.system, row.transport, row.payload_bytes) == ("throughput", system.name, "rabbitmq", SIZE):
            return row.rate or 1.0
    entrant, access = Entrant(system, stage.broker.pids), system.access()
    entrant.warm_up(access, SIZE, effort.seconds)
    rate = entrant.round(access, SIZE).rate
    access.purge(system.queue_out)
    access.close()
    return rate


def _empty(system: System) -> None:
    """Throw away what came too late, so that the next round does not find it."""
    access = system.access()
    for queue in (system.queue_in, system.queue_out):
        access.purge(queue)
    access.close()
