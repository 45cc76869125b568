"""The order in which messages in hand enter the handler."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class _Entrant(Hashable, Protocol):
    @property
    def alone(self) -> bool: ...


_E = TypeVar("_E", bound=_Entrant)


class Admission(Generic[_E]):
    """First come, first served; but who is suspected of bringing the handler's process down enters alone.

    So when the process dies again, nobody else is charged with it.
    """

    def __init__(self) -> None:
        self._waiting: deque[_E] = deque()
        self._resting: dict[_E, asyncio.TimerHandle] = {}
        self._inside: set[_E] = set()
        self._lone: _E | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def inside(self) -> int:
        """How many have entered and not left."""
        return len(self._inside)

    @property
    def resting(self) -> int:
        """How many wait for their time to come."""
        return len(self._resting)

    def join(self, entrant: _E) -> None:
        """Wait at the end."""
        self._waiting.append(entrant)

    def rejoin(self, entrants: list[_E]) -> None:
        """Wait in front, in the order given; who is inside leaves."""
        for entrant in entrants:
            self.leave(entrant)
        self._waiting.extendleft(reversed(entrants))

    def rest(self, entrant: _E, seconds: float, then: Callable[[], None]) -> None:
        """Wait at the end, but only after some seconds; `then` is called when the time has come."""

        def rested() -> None:
            del self._resting[entrant]
            self.join(entrant)
            then()

        self._resting[entrant] = asyncio.get_running_loop().call_later(seconds, rested)

    def admit(self) -> _E | None:
        """Let the first in, or return None when it has to wait."""
        if not self._waiting or self._lone is not None:
            return None
        first = self._waiting[0]
        if first.alone:
            if self._inside:
                return None
            self._lone = first
        self._waiting.popleft()
        self._inside.add(first)
        return first

    def leave(self, entrant: _E) -> None:
        """Make room."""
        self._inside.discard(entrant)
        if self._lone is entrant:
            self._lone = None

    def withdraw(self) -> list[_E]:
        """Return everybody who waits or rests, and let them wait no more."""
        for timer in self._resting.values():
            timer.cancel()
        everybody = [*self._waiting, *self._resting]
        self._waiting.clear()
        self._resting.clear()
        return everybody
