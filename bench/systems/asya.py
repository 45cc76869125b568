"""Actors as the chart runs them: its own values, the production sidecar and runtime, one process of each."""

from __future__ import annotations

import dataclasses
import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from msgspec import structs

from asya_cli.bench.processes import descendants
from asya_cli.local.actors import LOCAL_IMAGE, Actor
from asya_cli.local.plan import ProcessPlan, write_plan
from asya_cli.local.planning import Planned, Wish
from asya_cli.local.run import LocalRun
from asya_cli.local.substitution import RUNTIME, SIDECAR
from bench.amqp import Client, Message
from bench.broker import Broker
from bench.payloads import encode, payload
from bench.systems.base import Access, numbered
from bench.systems.transport_access import TransportAccess

HANDLERS = Path(__file__).resolve().parent.parent / "apps"
SINK = "sink"
"""Name of the actor after the last one that is measured; only its queue is there."""

LARGEST_PAYLOAD, LARGEST_ON_SQS = 16 * 1024 * 1024 - 1, 896 * 1024
"""A local run always has a store for large payloads, and the chart by itself has none: so payloads of up to so many
bytes stay in messages."""

CONTAINERS = {"sidecar": SIDECAR, "runtime": RUNTIME}


@dataclass(frozen=True, slots=True)
class Step:
    """An actor to measure: its name, its image's interpreter, its handler in `apps/`, further values of the chart.

    One that is held back gets its queue, but no processes: `Actors.held` says which these would be.
    """

    name: str
    python: Path
    handler: str = "handlers.step"
    values: Mapping[str, Any] = field(default_factory=dict)
    held_back: bool = False


class Actors(LocalRun):
    """One local run with the actors that are measured. On RabbitMQ it uses the benchmark's own broker.

    `lead`, given the broker's address, returns the one that the actors' sidecars are to use in its place.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        folder: Path,
        transport: str,
        broker: Broker | None = None,
        lead: Callable[[str], str] | None = None,
    ) -> None:
        self._steps = steps
        self._broker = broker
        self._lead = lead
        self.held: dict[str, list[ProcessPlan]] = {}
        actors = [Actor(step.name, _values(step, transport), str(step.python)) for step in steps]
        super().__init__(Wish(work=HANDLERS, actors=actors), state_dir=folder, transport=transport, fresh=True)

    @property
    def transport(self) -> str:
        """The name of the actors' transport."""
        return self.info.transport

    def __enter__(self) -> Self:
        if self._broker is not None:
            os.environ.update(self._broker.environ)
        self.start()
        access = self.access()
        if isinstance(access, Client):
            access.declare(self.queue(SINK))
        access.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(at_once=True)

    def prepare(self) -> Planned:
        """Render the plan, without the processes of actors that are held back."""
        planned = self._led(super().prepare())
        names = {step.name for step in self._steps if step.held_back}
        processes, checks = planned.plan.processes, planned.plan.checks
        self.held = {name: [each for each in processes if each.actor == name] for name in names}
        plan = structs.replace(
            planned.plan,
            processes=[each for each in processes if each.actor not in names],
            checks=[each for each in checks if each.actor not in names],
        )
        write_plan(plan, self.folder.plan)
        return dataclasses.replace(planned, plan=plan)

    def _led(self, planned: Planned) -> Planned:
        """Return the plan with the measured sidecars' way to the broker led elsewhere, where that is wanted."""
        if self._lead is None:
            return planned
        names, address = {step.name for step in self._steps}, planned.info.broker_url
        instead = self._lead(address)
        processes = [
            structs.replace(each, env={name: value.replace(address, instead) for name, value in each.env.items()})
            if each.actor in names and each.container == SIDECAR
            else each
            for each in planned.plan.processes
        ]
        return dataclasses.replace(planned, plan=structs.replace(planned.plan, processes=processes))

    def access(self) -> Access:
        """Open a way to the queues: on RabbitMQ by AMQP itself, which is faster, else by the actors' transport."""
        if self._broker is not None:
            return Client(self._broker.url(self.info.environ["ASYA_RABBITMQ_VHOST"]))
        return TransportAccess(self.open_transport())

    def broker_pids(self) -> list[int]:
        """Return the broker's processes."""
        if self._broker is not None:
            return self._broker.pids()
        return [each.pid for each in self.state.processes if each.actor == self.transport]


def _values(step: Step, transport: str) -> dict[str, Any]:
    largest = LARGEST_ON_SQS if transport == "sqs" else LARGEST_PAYLOAD
    return {"image": LOCAL_IMAGE, "handler": step.handler, "claimCheck": {"threshold": largest}, **step.values}


class Chain:
    """Actors of a run, one or several in a row, as a system under test: what goes into the first comes out last."""

    def __init__(self, name: str, actors: Sequence[str], run: Actors) -> None:
        self.name = name
        self.transport = run.transport
        self._actors = actors
        self._run = run

    @property
    def queue_in(self) -> str:
        """The first actor's own queue."""
        return self._run.queue(self._actors[0])

    @property
    def queue_out(self) -> str:
        """The queue of the step after the last one."""
        return self._run.queue(SINK)

    def access(self) -> Access:
        """Open a way to the run's queues."""
        return self._run.access()

    def prepare(self, _sizes: Sequence[int]) -> None:
        """Do nothing: envelopes are known."""

    def start(self) -> None:
        """Do nothing: all actors are started together."""

    def messages(self, size: int, count: int) -> Iterable[Message]:
        """Yield envelopes as the transport publishes them: persistent, with the id as message id."""
        return envelopes([*self._actors, SINK], size, count)

    def parts(self) -> dict[str, list[int]]:
        """Return sidecars and runtimes."""
        state = self._run.state
        return {
            label: descendants(state.process(actor, container).pid for actor in self._actors)
            for label, container in CONTAINERS.items()
        }

    def stop(self) -> None:
        """Do nothing: all actors are ended together."""


def envelopes(actors: Sequence[str], size: int, count: int) -> Iterator[Message]:
    """Yield envelopes for the first of these actors, each with an id of its own and a payload of `size` bytes."""
    name = str(uuid.uuid4())
    properties = b"\x10\x80\x02%c%b" % (len(name), name.encode())
    head = json.dumps({"id": name, "route": {"actors": list(actors), "current": 0}}, separators=(",", ":"))
    body = head[:-1].encode() + b',"payload":' + encode(payload(size)) + b"}"
    return numbered(Message(properties, body), name, count)
