"""An actor of a local run as something to measure: its queue, its processes, its messages."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from asya_cli.bench.processes import descendants, send
from asya_cli.bench.reading import Parts, Reading, read
from asya_cli.local.message import Order, make_envelope
from asya_cli.local.plan import read_plan
from asya_cli.local.running import Running
from asya_cli.local.substitution import RUNTIME, SIDECAR
from asya_core.durations import parse_duration
from asya_core.envelope import Envelope

SINK = "bench-sink"
"""The actor after those that are measured; only its queue is there."""

_CONTAINERS = {"sidecar": SIDECAR, "runtime": RUNTIME}
_BROKER = "broker"


class Subject:
    """One actor. While it stands still its queue can be filled, and nothing is taken yet."""

    def __init__(self, run: Running, actor: str, payload: bytes) -> None:
        self.actor = actor
        self.queue = run.queue(actor)
        self._run = run
        self._payload = payload
        self._metrics = run.metrics_url(actor)
        plan = read_plan(run.folder.plan)
        own = [each for each in plan.processes if each.actor == actor]
        self._env = {each.container: each.env for each in own}
        runtime = next(each for each in own if each.container == RUNTIME)
        self.python, self.log = runtime.argv[0], runtime.log

    def setting(self, container: str, name: str) -> str:
        """Return a variable that the chart gives to one of its containers."""
        return self._env[container][name]

    @property
    def timeout(self) -> float:
        """Seconds that its handler may take."""
        return parse_duration(self.setting(SIDECAR, "ASYA_RUNTIME_TIMEOUT"))

    def messages(self, count: int) -> list[Envelope]:
        """Return so many envelopes with the payload, each with an id of its own."""
        order = Order([self.actor, SINK])
        return [make_envelope(order, self._payload, datetime.now(UTC)) for _ in range(count)]

    def parts(self) -> Parts:
        """Find its processes and the broker's."""
        state, transport = self._run.state, self._run.info.transport
        own = {part: [state.process(self.actor, container).pid] for part, container in _CONTAINERS.items()}
        brokers = [each.pid for each in state.processes if each.actor == transport]
        return {part: descendants(pids) for part, pids in {**own, _BROKER: brokers}.items()}

    def read(self, parts: Parts) -> Reading:
        """Look at it now."""
        return read(self._metrics, parts)


@contextmanager
def standing(parts: Parts) -> Iterator[None]:
    """Let an actor's processes stand still for the length of a block."""
    pids = [pid for part in _CONTAINERS for pid in parts[part]]
    send(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        send(pids, signal.SIGCONT)
