"""A broker and a runtime that do only what a test tells them to, and that notice every broken promise."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from asya_core.errors import LeaseLostError, TransportError
from asya_core.ids import child_id
from asya_core.transports import Confirmed, Delivery
from asya_runtime import frames
from asya_sidecar import states
from asya_sidecar.frames import Kind
from asya_sidecar.run import Run
from asya_sidecar.running_file import Report, Snapshot
from asya_sidecar.states import State

LEASE_FOREVER = float("inf")
NEXT_QUEUE = "asya-b"
"""Where results go."""


_STEPS = re.compile(r"^    ([A-Z]+) +([A-Z]+) +[a-z]", re.MULTILINE)
STEPS = {(State[before], State[after]) for before, after in _STEPS.findall(states.__doc__ or "")}
"""Every step from one state to another that `states` names, and the one that it names for all."""
STEPS |= {(state, State.RELEASED) for state in State if state not in {State.SETTLED, State.RELEASED, State.LOST}}


def stepping(kind):
    """Return the same kind of run, which takes no step but those."""

    class Stepping(kind):
        @property
        def state(self):
            return self._state

        @state.setter
        def state(self, after):
            before = getattr(self, "_state", after)
            assert after is before or (before, after) in STEPS, f"{before.name} became {after.name}"
            self._state = after

    return Stepping


def name_of(run, index):
    """Return the id of a message's result by its place among all, whichever execution has made it."""
    return run.envelope.id if index == 0 else child_id(run.envelope.id, run.envelope.route.current, index)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        super().__init__()

    def time(self) -> float:
        return self.now

    def clock(self) -> SimpleNamespace:
        """Stand in for the module `time`."""
        return SimpleNamespace(monotonic=self.time, monotonic_ns=lambda: int(self.time() * 1e9))


@dataclass(eq=False)
class Sent:
    """One publish that has not been answered."""

    queue: str
    id: str
    run: Run
    confirmed: Confirmed


@dataclass(eq=False)
class Broker:
    """Transport and consumer in one. What it was told about each delivery is checked as it comes."""

    runs: list[Run] = field(default_factory=list)
    in_hand: dict[Delivery, None] = field(default_factory=dict)
    settled: set[Delivery] = field(default_factory=set)
    sent: list[Sent] = field(default_factory=list)
    last_of: dict[Run, str] = field(default_factory=dict)
    stored_by: set[Run] = field(default_factory=set)
    asked_for: int = 0
    connected = True
    consuming = True

    def resize(self, prefetch: int) -> None:
        self.asked_for = prefetch

    def settle(self, delivery: Delivery) -> None:
        run = self.answered(delivery)
        self.settled.add(delivery)
        unconfirmed = [sent.id for sent in self.sent if sent.run is run]
        assert not unconfirmed, f"settled while {unconfirmed} were not confirmed"
        assert run in self.last_of or run in self.stored_by, "settled before anything followed from it"

    def release(self, delivery: Delivery) -> None:
        self.answered(delivery)

    def answered(self, delivery: Delivery) -> Run | None:
        assert delivery in self.in_hand, "a delivery was settled or released twice"
        del self.in_hand[delivery]
        delivery.lease_until = 0.0
        return next((run for run in self.runs if delivery in run.deliveries), None)

    def publish(
        self, queue: str, body: bytes, confirmed: Confirmed, *, delay: float = 0.0, holding: Delivery | None = None
    ) -> None:
        assert delay >= 0
        assert holding is not None
        if holding.is_lost:
            asyncio.get_running_loop().call_soon(confirmed, LeaseLostError("lost"))
            return
        run = next(run for run in self.runs if holding in run.deliveries)
        assert not run.over, "published for a message that had left our hands"
        envelope = json.loads(body)
        if queue == NEXT_QUEUE and envelope["payload"] is not None:
            assert envelope["id"] == name_of(run, envelope["payload"]), "an id depends on more than message and place"
        self.sent.append(Sent(queue, envelope["id"], run, confirmed))

    def confirm(self, sent: Sent, error: TransportError | None) -> None:
        self.sent.remove(sent)
        if error is None and sent.id == sent.run.envelope.id:
            assert sent.run not in self.last_of, f"one id went to {self.last_of[sent.run]} and to {sent.queue}"
            self.last_of[sent.run] = sent.queue
        sent.confirmed(error)


class File:
    """What the runtime's supervisor says of its worker: all that the worker has begun, and how it ended.

    `deadlines` are those of its requests that have one. Once `is_garbled`, it says nothing that can be true.
    """

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self.deadlines: dict[int, int] = {}
        self.report: Report | None = None
        self.is_garbled = False

    def open(self, slots: int) -> None:
        assert slots > 0
        self.deadlines = {}
        self.report = None

    def read(self) -> Snapshot | None:
        if self.is_garbled or self.connection is None:
            return None
        return Snapshot({request: self.deadlines.get(request, 0) for request in self.connection.begun}, self.report)

    def close(self) -> None:
        """Nothing is open."""


class Connection:
    """The runtime's end of the socket."""

    def __init__(self, client: Any, concurrency: int) -> None:
        self.client = client
        self.concurrency = concurrency
        self.draining = False
        self.closing = False
        self.broken = False
        self.outstanding: list[int] = []
        self.cancelled: set[int] = set()
        self._items: Counter[int] = Counter()
        self._decoder = frames.Decoder(frames.FROM_SIDECAR)

    @property
    def begun(self) -> list[int]:
        return self.outstanding[: self.concurrency]

    def send(self, pieces: list[bytes | memoryview]) -> None:
        for kind, request, _ in self._decoder.feed(b"".join(pieces)):
            if kind == frames.INVOKE:
                self.outstanding.append(request)
                # The request is known to the sidecar before it is sent.
                live = [call.invocation for call in self.client.calls._calls.values() if call.invocation is not None]
                assert len(live) == 1 or not any(run.suspected for run in live), "a suspect does not run alone"
            elif kind == frames.CANCEL:
                self.cancelled.add(request)
        assert self._decoder.error is None

    def set_reading(self, *, wanted: bool) -> None:
        """Results go on coming: here they only come when a test says so."""

    def close(self, why: str) -> None:
        self.closing = bool(why)

    def abort(self, why: str) -> None:
        self.close(why)
        asyncio.get_running_loop().call_soon(self.client.disconnected, self, why)

    def item(self, request: int) -> None:
        """Give the next result of a request, which is its place among all."""
        self.client.answered(Kind.ITEM, request, str(self._items[request]).encode())
        self._items[request] += 1

    def end(self, request: int) -> None:
        self._finished(request)
        self.client.answered(Kind.END, request, frames.end_body(1000))

    def error(self, request: int, code: str) -> None:
        self._finished(request)
        self.client.answered(Kind.ERROR, request, json.dumps({"code": code, "message": "no"}).encode())

    def _finished(self, request: int) -> None:
        if request in self.outstanding:
            self.outstanding.remove(request)
