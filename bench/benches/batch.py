"""A handler whose call takes 5 ms however many messages it gets, as an accelerator's does: one by one and batched."""

from __future__ import annotations

from collections.abc import Sequence

from bench.effort import Effort
from bench.race import Entrant, race
from bench.rows import Row
from bench.stage import Stage
from bench.systems.asya import Chain, Step

BATCH = 32
SIZE = 1024


def run_batch(stage: Stage, effort: Effort, _found: Sequence[Row]) -> list[Row]:
    """Return a row for single messages, and one for batches."""
    plain = stage.environments.plain
    steps = [
        Step("single", plain, "handlers.predict"),
        Step("batched", plain, "handlers.predict_batch", {"batch": {"maxSize": BATCH, "maxWait": "5ms"}}),
    ]
    with stage.actors("batch", steps) as run:
        entrants = [
            Entrant(Chain("asya", [step.name], run), run.broker_pids, details={"maxSize": size})
            for step, size in zip(steps, (1, BATCH), strict=True)
        ]
        race(entrants, SIZE, effort, stage.tell)
        return [entrant.row("batch", SIZE) for entrant in entrants]
