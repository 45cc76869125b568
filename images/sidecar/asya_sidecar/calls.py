"""The requests that are outstanding at the runtime."""

from __future__ import annotations

from itertools import islice
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

    Nobody wants it to go on beyond `ends_at` of the monotonic clock, begun or not.
    """

    __slots__ = ("ends_at", "invocation", "request")

    def __init__(self, request: int, invocation: _I, ends_at: float) -> None:
        self.request = request
        self.invocation: _I | None = invocation
        self.ends_at = ends_at


class Calls(Generic[_I]):
    """Keeps account of requests. `abandoned` counts those that nobody waits for, and that are not answered yet.

    The runtime begins requests in the order in which they came, `concurrency` at once. So the oldest are those that it
    has begun, as far as that can be known here.
    """

    def __init__(self, concurrency: int) -> None:
        self.concurrency = concurrency
        self.abandoned = 0
        self._calls: dict[int, Call[_I]] = {}

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def stuck(self) -> bool:
        """Whether calls that nobody waits for take every place, so that nothing else can begin."""
        return self.abandoned >= self.concurrency

    def add(self, call: Call[_I]) -> None:
        """Take in a request that is being sent."""
        self._calls[call.request] = call

    def find(self, request: int) -> Call[_I] | None:
        """Return the request, if it is outstanding."""
        return self._calls.get(request)

    def abandon(self, call: Call[_I]) -> None:
        """Wait for its answer no more. It holds its place until the runtime has answered."""
        if call.invocation is not None:
            call.invocation = None
            self.abandoned += 1

    def finish(self, call: Call[_I]) -> None:
        """Take out an answered request."""
        del self._calls[call.request]
        self.abandoned -= call.invocation is None

    def take_all(self) -> list[Call[_I]]:
        """Take out everything, in the order in which it was sent."""
        calls = list(self._calls.values())
        self._calls.clear()
        self.abandoned = 0
        return calls

    def overdue(self, now: float) -> list[Call[_I]]:
        """Return the calls that somebody still waits for, and whose time is up."""
        return [call for call in self._calls.values() if call.ends_at <= now and call.invocation is not None]

    def oldest(self) -> int | None:
        """Return the first request that somebody still waits for."""
        return next((call.request for call in self._calls.values() if call.invocation is not None), None)

    def not_begun(self) -> list[Call[_I]]:
        """Return the calls that wait in the runtime, and that somebody still waits for."""
        waiting = islice(self._calls.values(), self.concurrency, None)
        return [call for call in waiting if call.invocation is not None]
