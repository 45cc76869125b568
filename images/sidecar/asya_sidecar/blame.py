"""Who is charged when the process that ran the handler has ended; pure.

A request that had begun alone is charged. If several had begun, nobody can tell which of them it was, so each of them
is run again, alone, before it can be charged. What had not begun runs again at no cost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from asya_core.faults import Fault

_SLACK_SECONDS = 0.1
"""By how much the runtime's clock may be ahead of ours about one handler."""

_I_co = TypeVar("_I_co", covariant=True)
_I = TypeVar("_I")


class Call(Protocol[_I_co]):
    """A request that was outstanding. `invocation` is None where nobody waits for its answer any more."""

    @property
    def invocation(self) -> _I_co | None:
        """Who asked for it."""

    @property
    def has_begun(self) -> bool:
        """Whether its handler may have been running."""

    def is_overdue(self, now: float) -> bool:
        """Whether its handler has taken longer than it may, at `now` of the monotonic clock."""


@dataclass(slots=True)
class Verdict(Generic[_I]):
    """What becomes of the requests: each is in one of the three lists, in the order in which it was sent."""

    why: str
    charged: list[tuple[_I, Fault]] = field(default_factory=list)
    suspected: list[_I] = field(default_factory=list)
    innocent: list[_I] = field(default_factory=list)

    def acquit(self, code: str) -> None:
        """Charge nobody with this code."""
        self.innocent[:0] = [who for who, fault in self.charged if fault.code == code]
        self.charged = [(who, fault) for who, fault in self.charged if fault.code != code]


def blame(calls: Iterable[Call[_I]], reason: str, detail: str, now: float) -> Verdict[_I]:
    """Judge. `reason` is the WORKER frame's, or `closed` where the connection ended without one."""
    verdict: Verdict[_I] = Verdict(f"{reason}: {detail}")
    begun = []
    for call in calls:
        if call.has_begun:
            begun.append(call)
        elif call.invocation is not None:
            verdict.innocent.append(call.invocation)
    if reason == "timeout":
        _blame_overdue(begun, verdict, detail, now)
    elif len(begun) == 1 and begun[0].invocation is not None:
        fault = Fault(code="crash_error", message=f"the handler's process ended: {detail}")
        verdict.charged.append((begun[0].invocation, fault))
    else:
        verdict.suspected += [call.invocation for call in begun if call.invocation is not None]
    return verdict


def _blame_overdue(begun: list[Call[_I]], verdict: Verdict[_I], detail: str, now: float) -> None:
    """Charge who took too long, and nobody else: here the culprit is known."""
    innocent = []
    for call in begun:
        if call.invocation is None:
            continue
        if call.is_overdue(now + _SLACK_SECONDS):
            fault = Fault(code="timeout_error", message=detail, type="TimeoutError")
            verdict.charged.append((call.invocation, fault))
        else:
            innocent.append(call.invocation)
    verdict.innocent[:0] = innocent
