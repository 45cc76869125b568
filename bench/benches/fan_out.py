"""A hundred children of each message: what one child costs, beside a message that stays one."""

from __future__ import annotations

from collections.abc import Sequence

from bench.effort import Effort
from bench.race import Entrant, race
from bench.rows import Row
from bench.stage import Stage
from bench.systems.asya import Chain, Step

CHILDREN = 100
SIZE = 1024


def run_fan_out(stage: Stage, effort: Effort, _found: Sequence[Row]) -> list[Row]:
    """Return a row for messages that stay one, and one for children."""
    plain = stage.environments.plain
    steps = [
        Step("one", plain),
        Step("fan", plain, "handlers.fan_out", {"env": {"CHILDREN": str(CHILDREN)}}),
    ]
    with stage.actors("fan-out", steps) as run:
        entrants = [
            Entrant(Chain("asya", ["one"], run), run.broker_pids, details={"children": 1}),
            Entrant(Chain("asya", ["fan"], run), run.broker_pids, CHILDREN, 5, details={"children": CHILDREN}),
        ]
        race(entrants, SIZE, effort, stage.tell)
        return [entrant.row("fan-out", SIZE) for entrant in entrants]
