"""Who is charged when the process that ran the handler has ended; pure.

A request that had begun alone is charged. If several had begun, nobody can tell which of them it was, so each of them
is run again, alone, before it can be charged. What had not begun runs again at no cost. Where the worker was ended
because of a timeout, the culprits are known: those past their deadline.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from asya_core.faults import Fault
from asya_sidecar.running_file import Running

_I = TypeVar("_I")
_I_co = TypeVar("_I_co", covariant=True)


class Call(Protocol[_I_co]):
    """A request that was outstanding. `invocation` is None where nobody waits for its answer any more."""

    @property
    def invocation(self) -> _I_co | None:
        """Who asked for it."""

    @property
    def request(self) -> int:
        """Its number."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How the worker ended: the supervisor's reason, or `closed` where nobody said; `at` in monotonic nanoseconds.

    `running` are the requests that were begun. Those that are not outstanding here ran for an earlier connection:
    nobody can be charged for them, but they may have done it. `batched`: whether one call of the handler may have
    been about several of them.
    """

    reason: str
    detail: str
    at: int
    running: Running
    batched: bool = False


@dataclass(slots=True)
class Verdict(Generic[_I]):
    """What becomes of the requests: each is in one of the three lists, in the order in which it was sent."""

    reason: str
    detail: str
    charged: list[tuple[_I, Fault]] = field(default_factory=list)
    suspected: list[_I] = field(default_factory=list)
    innocent: list[_I] = field(default_factory=list)

    def acquit(self, code: str) -> None:
        """Charge nobody with this code."""
        self.innocent[:0] = [who for who, fault in self.charged if fault.code == code]
        self.charged = [(who, fault) for who, fault in self.charged if fault.code != code]


def blame(calls: Iterable[Call[_I]], ended: Ended) -> Verdict[_I]:
    """Judge everything that was outstanding."""
    verdict: Verdict[_I] = Verdict(ended.reason, ended.detail)
    culprits, fault = _culprits(ended), _fault(ended)
    for call in calls:
        if call.invocation is None:
            continue
        if call.request not in culprits:
            verdict.innocent.append(call.invocation)
        elif len(culprits) == 1 or (fault.code == "timeout_error" and not ended.batched):
            verdict.charged.append((call.invocation, fault))
        else:
            verdict.suspected.append(call.invocation)
    return verdict


def _culprits(ended: Ended) -> set[int]:
    """Return the requests of which one or more did it."""
    if ended.reason != "timeout":
        return set(ended.running)
    return {request for request, deadline in ended.running.items() if 0 < deadline <= ended.at}


def _fault(ended: Ended) -> Fault:
    if ended.reason == "timeout":
        return Fault(code="timeout_error", message=ended.detail, type="TimeoutError")
    return Fault(code="crash_error", message=f"the handler's process ended: {ended.detail}")
