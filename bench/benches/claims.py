"""Large payloads through two actors, as they are and as claim checks: the second gets what the first has stored."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from bench.amqp import Message
from bench.effort import Effort
from bench.openloop import marked
from bench.race import Entrant, race
from bench.rows import Row
from bench.stage import Stage
from bench.systems.asya import Chain, Step

SIZES = (256 * 1024, 1024 * 1024)
_numbers = itertools.count()
CLAIM_CHECK = {"claimCheck": {"threshold": 64 * 1024}}
"""The chart's own; the store is the run's."""


class Distinct(Chain):
    """Actors whose messages all have another payload; of equal ones, only the first is stored."""

    def messages(self, size: int, count: int) -> Iterator[Message]:
        """Yield envelopes, each with a number in its payload that no other has had."""
        return (marked(each, next(_numbers)) for each in super().messages(size, count))


def run_claims(stage: Stage, effort: Effort, _found: Sequence[Row]) -> list[Row]:
    """Return a row for each size and way."""
    plain = stage.environments.plain
    pairs = {"in the message": ["whole-1", "whole-2"], "claim check": ["claim-1", "claim-2"]}
    steps = [
        Step(name, plain, values=CLAIM_CHECK if way == "claim check" else {})
        for way, names in pairs.items()
        for name in names
    ]
    rows: list[Row] = []
    with stage.actors("claims", steps) as run:
        for size in SIZES:
            entrants = [
                Entrant(Distinct("asya", names, run), run.broker_pids, fewest=20, details={"payload": way, "actors": 2})
                for way, names in pairs.items()
            ]
            race(entrants, size, effort, stage.tell)
            rows += [entrant.row("claims", size) for entrant in entrants]
    return rows
