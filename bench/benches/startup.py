"""From the start of the processes to the first message that has been passed on; the message waits already."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from asya_cli.bench.figures import rounded, spread
from asya_cli.bench.processes import cpu_seconds, descendants
from bench.effort import Effort
from bench.processes import Program
from bench.rows import Row
from bench.stage import PEERS, Stage
from bench.systems.asya import Actors, Chain, Step
from bench.systems.base import Access, System
from bench.systems.peers import KINDS, Peer

SIZE = 1024
NAME = "starter"
_WITHIN = 60.0
_INTERVAL = 0.002


@dataclass(slots=True)
class Contestant:
    """A system that is started again and again: `launch` starts its processes and returns them."""

    system: System
    launch: Callable[[], list[Program]]
    milliseconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def start_once(self) -> None:
        """Put a message into its queue, start it, wait until the message has come out, and end it."""
        access = self.system.access()
        access.purge(self.system.queue_out)
        access.fill(self.system.queue_in, self.system.messages(SIZE, 1))
        began = time.monotonic()
        programs = self.launch()
        try:
            _wait(access, self.system, began + _WITHIN)
            self.milliseconds.append((time.monotonic() - began) * 1e3)
            self.cpu.append(cpu_seconds(descendants(program.pid for program in programs)))
        finally:
            for program in programs:
                program.end()
            access.close()

    def row(self) -> Row:
        """Return what its starts came to: p50_ms is the middle one."""
        times = spread(self.milliseconds)
        return Row(
            bench="startup",
            system=self.system.name,
            transport=self.system.transport,
            payload_bytes=SIZE,
            rounds=len(self.milliseconds),
            p50_ms=rounded(times.median),
            details={
                "least_ms": rounded(times.least),
                "most_ms": rounded(times.most),
                "cpu_seconds": rounded(spread(self.cpu).median),
            },
        )


def run_startup(stage: Stage, effort: Effort, _found: Sequence[Row]) -> list[Row]:
    """Return a row for each peer, and for an actor on each broker."""
    with ExitStack() as stack:
        contestants = [_peer(stage, name) for name in PEERS]
        for transport in ("rabbitmq", "nats", "sqs"):
            step = Step(NAME, stage.environments.plain, held_back=True)
            run = stack.enter_context(stage.actors(f"startup-{transport}", [step], transport=transport))
            contestants.append(_actor(run, stage.folder / f"startup-{transport}.log"))
        for number in effort.numbers():
            for each in contestants:
                each.start_once()
            line = "  ".join(f"{each.system.name} {each.milliseconds[-1]:.0f}" for each in contestants)
            stage.tell(f"start {number} of {effort.rounds}, ms: {line}")
    return [each.row() for each in contestants]


def _peer(stage: Stage, name: str) -> Contestant:
    peer = Peer(KINDS[name], stage.broker, stage.environments, stage.folder)
    peer.prepare((SIZE,))
    return Contestant(peer, lambda: [peer.launch()])


def _actor(run: Actors, log: Path) -> Contestant:
    """Start sidecar and runtime at the same moment, as a pod's containers are."""
    return Contestant(
        Chain("asya", [NAME], run),
        lambda: [Program(each.argv, each.env, log, cwd=Path(each.cwd)) for each in run.held[NAME]],
    )


def _wait(access: Access, system: System, until: float) -> None:
    while access.depth(system.queue_out) == 0:
        if time.monotonic() > until:
            raise RuntimeError(f"{system.name} passed no message on within {_WITHIN:g} s of its start")
        time.sleep(_INTERVAL)
