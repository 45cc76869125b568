"""Actors in a row: each hop costs what one costs, whatever the broker."""

from __future__ import annotations

from collections.abc import Sequence

from bench.effort import Effort
from bench.race import Entrant, race
from bench.rows import Row
from bench.stage import Stage
from bench.systems.asya import Chain, Step

LENGTHS = (1, 2, 3, 4, 10)
SIZE = 1024


def run_hops(stage: Stage, effort: Effort, _found: Sequence[Row]) -> list[Row]:
    """Return a row for each length of the chain, on RabbitMQ and on NATS."""
    names = [f"hop-{number}" for number in range(1, max(LENGTHS) + 1)]
    steps = [Step(name, stage.environments.plain) for name in names]
    rows: list[Row] = []
    for transport in ("rabbitmq", "nats"):
        with stage.actors(f"hops-{transport}", steps, transport=transport) as run:
            entrants = [
                Entrant(Chain("asya", names[:length], run), run.broker_pids, details={"actors": length})
                for length in LENGTHS
            ]
            race(entrants, SIZE, effort, stage.tell)
            rows += [entrant.row("hops", SIZE) for entrant in entrants]
    return rows
