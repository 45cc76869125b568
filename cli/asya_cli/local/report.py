"""How a run is at this moment: asked of its processes and its broker, not remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from asya_cli.local.check import is_ready
from asya_cli.local.plan import Check, read_plan
from asya_cli.local.running import Running
from asya_cli.local.state import ActorInfo, ProcessState
from asya_cli.local.substitution import RUNTIME
from asya_core.errors import TransportError
from asya_core.transports import Depth, Transport

_BROKER_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class ActorReport:
    """One actor; `depth` is None where the broker could not say."""

    name: str
    queue: str
    metrics_url: str
    is_ready: bool
    depth: Depth | None
    processes: Sequence[ProcessState]
    worker: int
    """Process id of the process that runs the handler; 0 while there is none."""

    @property
    def restarts(self) -> int:
        """How often its processes were started again, all together."""
        return sum(process.restarts for process in self.processes)


@dataclass(frozen=True, slots=True)
class RunReport:
    """The broker and every actor."""

    broker: str
    broker_url: str
    is_broker_ready: bool
    actors: Sequence[ActorReport]


async def report(running: Running, environ: Mapping[str, str]) -> RunReport:
    """Ask every process whether it is ready, and the broker for the depth of every queue."""
    info, plan, state = running.info, read_plan(running.folder.plan), running.state
    answers = await asyncio.gather(
        is_ready(plan.broker_check, environ), *(is_ready(check, environ) for check in plan.checks)
    )
    ready = dict(zip(map(_who, plan.checks), answers[1:], strict=True))
    depths = await _depths(running.open_transport(), info.actors)
    processes = {
        actor.name: [process for process in state.processes if process.actor == actor.name] for actor in info.actors
    }
    return RunReport(
        broker=info.transport,
        broker_url=info.broker_url,
        is_broker_ready=answers[0],
        actors=[
            ActorReport(
                name=actor.name,
                queue=actor.queue,
                metrics_url=f"http://{actor.metrics}/metrics",
                is_ready=all(answer for (name, _), answer in ready.items() if name == actor.name),
                depth=depths.get(actor.name),
                processes=processes[actor.name],
                worker=_worker(processes[actor.name]),
            )
            for actor in info.actors
        ],
    )


def _worker(processes: Sequence[ProcessState]) -> int:
    """Return the first child of an actor's runtime, 0 where there is none, or no kernel that tells."""
    pid = next((process.pid for process in processes if process.container == RUNTIME), 0)
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return 0
    return int(children[0]) if children else 0


def _who(check: Check) -> tuple[str, str]:
    return check.actor, check.container


async def _depths(transport: Transport, actors: Sequence[ActorInfo]) -> dict[str, Depth]:
    """Return what can be had within a few seconds."""
    depths: dict[str, Depth] = {}
    with suppress(TimeoutError, TransportError):
        async with asyncio.timeout(_BROKER_WITHIN):
            await transport.connect()
            for actor in actors:
                depths[actor.name] = await transport.depth(actor.queue)
    await transport.close()
    return depths
