"""Coroutines that wait 100 ms each: concurrency is what makes them many a second."""

from __future__ import annotations

from collections.abc import Sequence

from bench.effort import Effort
from bench.race import Entrant, race
from bench.rows import Row
from bench.stage import Stage
from bench.systems.asya import Chain, Step

CONCURRENCIES = (1, 32, 256)
SIZE = 1024


def run_waiting(stage: Stage, effort: Effort, _found: Sequence[Row]) -> list[Row]:
    """Return a row for each concurrency."""
    steps = [
        Step(f"wait-{many}", stage.environments.plain, "handlers.wait", {"concurrency": many}) for many in CONCURRENCIES
    ]
    with stage.actors("waiting", steps) as run:
        entrants = [
            Entrant(
                Chain("asya", [f"wait-{many}"], run), run.broker_pids, fewest=5 * many, details={"concurrency": many}
            )
            for many in CONCURRENCIES
        ]
        race(entrants, SIZE, effort, stage.tell)
        return [entrant.row("waiting", SIZE) for entrant in entrants]
