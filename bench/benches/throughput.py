"""Messages a second of everybody, with small, middling and large payloads; and of actors on NATS."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from bench.effort import Effort
from bench.race import Entrant, race
from bench.rows import Row
from bench.stage import CEILINGS, OURS, PEERS, WITH_CODEC, Stage
from bench.systems.asya import Chain

KIB = 1024
SIZES = (KIB, 64 * KIB, KIB * KIB)
QUICK_SIZES = SIZES[:2]
NATS_SIZES = SIZES[:2]
WITHOUT_CODEC = (*OURS, *PEERS, *CEILINGS)


def run_throughput(stage: Stage, effort: Effort, _found: Sequence[Row]) -> list[Row]:
    """Race everybody against everybody; peers that can use orjson take part with it, too, unless it has to be quick."""
    names = WITHOUT_CODEC if effort.quick else (*WITHOUT_CODEC, *WITH_CODEC)
    sizes = QUICK_SIZES if effort.quick else SIZES
    rows: list[Row] = []
    with stage.everybody(names, sizes) as systems:
        entrants = [Entrant(system, stage.broker.pids) for system in systems]
        for done, size in enumerate(sizes):
            race(entrants, size, effort.share(done, len(sizes)), stage.tell)
            rows += [_named(entrant.row("throughput", size)) for entrant in entrants]
    return rows


def run_nats(stage: Stage, effort: Effort, _found: Sequence[Row]) -> list[Row]:
    """Measure our own actors on NATS."""
    rows: list[Row] = []
    with stage.actors("nats", [stage.step(name) for name in OURS], transport="nats") as run:
        entrants = [Entrant(Chain(name, [name], run), run.broker_pids) for name in OURS]
        for size in NATS_SIZES:
            race(entrants, size, effort, stage.tell)
            rows += [entrant.row("throughput", size) for entrant in entrants]
    return rows


def _named(row: Row) -> Row:
    """Return the row of the broker's own ceiling as a bench of its own, and any other as it is."""
    return structs.replace(row, bench="broker", system="ceiling") if row.system == "broker" else row
