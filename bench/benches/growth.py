"""Whether the rate depends on how many other queues the broker has, and the memory on how many messages wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asya_cli.bench.figures import rounded
from bench.amqp import Client
from bench.effort import Effort
from bench.figures import Sample
from bench.looks import drained
from bench.processes import resident_bytes
from bench.race import Entrant, race
from bench.rows import Row
from bench.stage import Stage
from bench.systems.asya import Chain
from bench.systems.base import standing

QUEUES = (10, 100, 1000)
WAITING = (20_000, 100_000, 1_000_000)
FRONT = 20_000
"""Messages at the front of the queue that are worked off, however many wait."""

SIZE = 1024


def run_growth(stage: Stage, effort: Effort, _found: Sequence[Row]) -> list[Row]:
    """Return a row for each number of queues, and one for each number of messages that wait."""
    with stage.actors("growth", [stage.step("asya")]) as run:
        chain = Chain("asya", ["asya"], run)
        return [*_queues(stage, chain, effort), *_waiting(stage, chain)]


def _queues(stage: Stage, chain: Chain, effort: Effort) -> Iterator[Row]:
    client = Client(stage.broker.make_vhost("bench-crowd"))
    made = 0
    for queues in QUEUES:
        for number in range(made, queues):
            client.declare(f"queue-{number}")
        made = queues
        entrant = Entrant(chain, stage.broker.pids, details={"queues": queues})
        race([entrant], SIZE, effort, stage.tell)
        yield entrant.row("growth", SIZE)
    for number in range(made):
        client.delete(f"queue-{number}")
    client.close()


def _waiting(stage: Stage, chain: Chain) -> Iterator[Row]:
    """Fill the queue further and further while the actor stands still, and have it work on the front of it."""
    access = chain.access()
    for waiting in WAITING:
        with standing(chain):
            access.purge(chain.queue_out)
            access.fill(chain.queue_in, chain.messages(SIZE, waiting - access.depth(chain.queue_in)))
            sample = drained(chain, access, FRONT, stage.broker.pids())
        stage.tell(f"{waiting} messages wait: {sample.rate:.0f} messages a second")
        yield _row(chain, stage, sample, waiting)
    with standing(chain):
        access.purge(chain.queue_in)
    access.close()


def _row(chain: Chain, stage: Stage, sample: Sample, waiting: int) -> Row:
    parts = {**chain.parts(), "broker": stage.broker.pids()}
    memory = {name: rounded(resident_bytes(pids) / 1e6) for name, pids in parts.items()}
    return Row(
        bench="growth",
        system=chain.name,
        payload_bytes=SIZE,
        rate=rounded(sample.rate),
        rounds=1,
        rss_mb=rounded(sum(each for name, each in memory.items() if name != "broker")),
        details={"waiting": waiting, "rss_mb": memory},
    )
