"""The requests that are outstanding at the runtime, and which of them it has begun.

Which it has begun is reckoned without asking: it begins them in the order in which they came, as many at once as its
HELLO said. So a timeout counts from the moment that a handler could begin. Once the runtime is gone, what it left
behind says exactly which requests it was running.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Container
from typing import Generic, Protocol, TypeVar

from asya_core.faults import Fault


class Invocation(Protocol):
    """What asked for a handler's call, and hears of it. `suspected` ones are called with nothing beside them."""

    suspected: bool

    def on_item(self, body: bytes) -> None:
        """One result."""

    def on_end(self, seconds: float) -> None:
        """The handler ended without error, after `seconds`; nothing more comes."""

    def on_fault(self, fault: Fault) -> None:
        """The handler, or its worker, failed; nothing more comes."""


_I = TypeVar("_I", bound=Invocation)


class Call(Generic[_I]):
    """One request. `invocation` is None once nobody waits for its answer any more.

    Its handler may take `timeout` seconds, but not beyond `ends_at` of the monotonic clock, begun or not. `has_place`
    is whether it takes one of the places in the handler, as far as that is known here.
    """

    __slots__ = ("ends_at", "has_place", "invocation", "request", "started", "timeout")

    def __init__(self, request: int, invocation: _I, timeout: float, ends_at: float) -> None:
        self.request = request
        self.invocation: _I | None = invocation
        self.timeout = timeout
        self.ends_at = ends_at
        self.started: float | None = None
        self.has_place = False

    @property
    def has_begun(self) -> bool:
        """Whether its handler may be running."""
        return self.started is not None

    def settle_whether_begun(self, *, begun: bool) -> None:
        """Take the runtime's word for it, now that nothing will begin or end any more."""
        if not begun:
            self.started = None
        elif self.started is None:
            self.started = time.monotonic()

    def is_overdue(self, now: float, grace: float = 0.0) -> bool:
        """Whether its time is up, at `now` of the monotonic clock; `grace` seconds beyond what its handler may take."""
        return now >= self.ends_at or (self.started is not None and now - self.started >= self.timeout + grace)


class Calls(Generic[_I]):
    """Keeps account of requests; `abandoned` counts the places that are held by calls nobody waits for any more."""

    def __init__(self, concurrency: int) -> None:
        self.concurrency = concurrency
        self.abandoned = 0
        self._calls: dict[int, Call[_I]] = {}
        self._waiting: deque[Call[_I]] = deque()
        self._running = 0

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def stuck(self) -> bool:
        """Whether every place is held by a call that nobody waits for, so that nothing else can begin."""
        return self.abandoned >= self.concurrency

    def add(self, call: Call[_I]) -> None:
        """Take in a request that is being sent."""
        self._calls[call.request] = call
        if self._running < self.concurrency:
            self._begin(call)
        else:
            self._waiting.append(call)

    def find(self, request: int) -> Call[_I] | None:
        """Return the request, if it is outstanding."""
        return self._calls.get(request)

    def abandon(self, call: Call[_I]) -> None:
        """Wait for its answer no more. It holds its place until the runtime has answered."""
        if call.invocation is not None:
            call.invocation = None
            self.abandoned += call.has_place

    def finish(self, call: Call[_I]) -> None:
        """Take out an answered request, and let the next one begin."""
        del self._calls[call.request]
        if not call.has_place:
            self._waiting.remove(call)
            return
        self._running -= 1
        self.abandoned -= call.invocation is None
        if self._waiting:
            self._begin(self._waiting.popleft())

    def take_all(self) -> list[Call[_I]]:
        """Take out everything, in the order in which it was sent."""
        calls = list(self._calls.values())
        self._calls.clear()
        self._waiting.clear()
        self._running = self.abandoned = 0
        return calls

    def overdue(self, grace: float = 0.0, running: Container[int] | None = None) -> list[Call[_I]]:
        """Return the calls that somebody still waits for, and whose time was up `grace` seconds ago.

        With `running`, only those begin to count that the runtime is known to run; the others wait in it still.
        """
        now = time.monotonic()
        late = []
        for call in self._calls.values():
            if running is not None and call.started is not None and call.request not in running:
                call.started = now
            if call.invocation is not None and call.is_overdue(now, grace):
                late.append(call)
        return late

    def not_begun(self) -> list[Call[_I]]:
        """Return the calls that wait in the runtime, and that somebody still waits for."""
        return [call for call in self._waiting if call.invocation is not None]

    def forgive(self, seconds: float) -> None:
        """Count a time in which no answers were read for nobody."""
        for call in self._calls.values():
            call.ends_at += seconds
            if call.started is not None:
                call.started += seconds

    def _begin(self, call: Call[_I]) -> None:
        call.started = time.monotonic()
        call.has_place = True
        self._running += 1
        self.abandoned += call.invocation is None
