"""Messages in hand that the store has a part in: they wait for it before they wait for the handler.

Their payload is still there; or a marker may be there which says that the message is cancelled.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Generic, Protocol, TypeVar

from msgspec import UNSET, Raw

from asya_core.cancellation import HEADER, marker_of
from asya_core.claim_check import with_payload
from asya_core.envelope import Envelope
from asya_core.errors import EnvelopeError, ObjectStoreError
from asya_core.faults import Fault
from asya_core.transports import Delivery
from asya_sidecar.claims import AT_ONCE, Claims
from asya_sidecar.request import Allowance, turned_away
from asya_sidecar.settings import Settings
from asya_sidecar.states import State

log = logging.getLogger(__name__)

MANY_BYTES = 64 * 1024 * 1024
"""Payloads of messages in hand have no more than this all together, but that one may always be in hand."""

NO_STORE = Fault(
    code="claim_refused",
    message="payload_ref: no store of large payloads is set here; set claimCheck.url as for the actor that sent it",
)

NO_MARKERS = Fault(
    code="claim_refused",
    message=f"headers.{HEADER}: no store is set here to look it up in; set claimCheck.url as the sender has",
)

_FIRST_RETRY, _LAST_RETRY = 0.2, 10.0


class Run(Protocol):
    """What a message in hand is here; `opened` is the envelope that has its payload in it."""

    envelope: Envelope
    opened: Envelope
    state: State

    def delivery(self) -> Delivery:
        """The delivery by which it is held."""

    def time_allowed(self) -> Allowance:
        """How long its handler may take."""

    def lose(self) -> None:
        """Forget it."""

    def refuse(self, fault: Fault) -> None:
        """Record this as what became of it."""

    def goes_on_without(self, fault: Fault) -> bool:
        """Tell whether it goes on as it is where there never will be a payload; else it is refused."""

    def labels(self, event: str, reason: str) -> dict[str, object]:
        """What a line of the log says about it."""


_R = TypeVar("_R", bound=Run)


class Fetching(Generic[_R]):
    """Fetches in the order in which messages came, some at a time; while the store is away, tries again for ever.

    A payload has to be within the limits of messages together with the envelope around it. `go_on` is called with a
    message that waits no longer, `on_resting` when `resting` has changed. `joined` are those that have to `leave`.
    """

    def __init__(
        self, claims: Claims | None, settings: Settings, go_on: Callable[[_R], None], on_resting: Callable[[], None]
    ) -> None:
        self._claims = claims
        self._limits = settings.limits
        self._is_end = settings.is_end
        self._go_on = go_on
        self._on_resting = on_resting
        self.joined: set[_R] = set()
        self._waiting: deque[_R] = deque()
        self._resting: dict[_R, asyncio.TimerHandle] = {}
        self._tasks: dict[_R, asyncio.Task[Raw | None]] = {}
        self._delays: dict[_R, float] = {}
        self._sizes: dict[_R, int] = {}
        self._bytes = 0
        self._is_beginning = False

    @property
    def resting(self) -> int:
        """How many wait for the store to come back."""
        return len(self._resting)

    def concerns(self, envelope: Envelope) -> bool:
        """Tell whether a message has to wait for anything here."""
        return envelope.payload is UNSET or self._marker(envelope) is not None

    def join(self, run: _R) -> None:
        """Wait for the payload, and for the news that nobody has cancelled the message."""
        self.joined.add(run)
        if self._claims is None:
            self._go_on_without(run, NO_MARKERS if run.envelope.payload_ref is UNSET else NO_STORE)
            return
        self._waiting.append(run)
        self._begin(self._claims)

    def leave(self, run: _R) -> None:
        """Fetch nothing for it any more; a payload that was fetched is not held any more."""
        self.joined.discard(run)
        run.opened = run.envelope
        if run in self._waiting:
            self._waiting.remove(run)
        if (timer := self._resting.pop(run, None)) is not None:
            timer.cancel()
        if (task := self._tasks.pop(run, None)) is not None:
            task.cancel()
        self._delays.pop(run, None)
        self._drop(run)
        if self._claims is not None:
            self._begin(self._claims)

    def handled(self, run: _R) -> None:
        """Let go of a payload that no handler will be given again, though what follows is still to be published."""
        if run in self._sizes and run.state is State.PUBLISHING:
            self.leave(run)

    def withdraw(self) -> list[_R]:
        """Return everybody who has no payload yet, and let them wait no more."""
        everybody = [*self._tasks, *self._waiting, *self._resting]
        self._waiting.clear()
        for run in everybody:
            self.leave(run)
        return everybody

    def _begin(self, claims: Claims) -> None:
        """Fetch for as many as may be; not from within, since whoever is turned away here leaves, which begins anew."""
        if self._is_beginning:
            return
        self._is_beginning = True
        try:
            self._begin_all(claims)
        finally:
            self._is_beginning = False

    def _begin_all(self, claims: Claims) -> None:
        while self._waiting and len(self._tasks) < AT_ONCE:
            run = self._waiting[0]
            reference = run.envelope.payload_ref
            size = 0 if reference is UNSET else claims.size_of(reference)
            if self._bytes and self._bytes + size > MANY_BYTES:
                return
            self._waiting.popleft()
            if turned_away(run, run.time_allowed()):
                continue
            self._sizes[run] = size
            self._bytes += size
            task = self._tasks[run] = asyncio.create_task(self._bring(run, claims))
            task.add_done_callback(partial(self._end, run))

    async def _bring(self, run: _R, claims: Claims) -> Raw | None:
        """Return the payload, or None for a message that has it already. Raises what speaks against going on."""
        marker, reference = self._marker(run.envelope), run.envelope.payload_ref
        if marker is not None:
            await claims.require_wanted(marker)
        return None if reference is UNSET else await claims.fetch(reference, len(run.delivery().body), self._limits)

    def _end(self, run: _R, task: asyncio.Task[Raw | None]) -> None:
        if task.cancelled() or self._tasks.pop(run, None) is None:
            return
        try:
            payload = task.result()
        except EnvelopeError as error:
            self._drop(run)
            self._go_on_without(run, Fault(code=error.code, message=str(error)))
        except ObjectStoreError as error:
            self._drop(run)
            self._rest(run, error)
        else:
            self._delays.pop(run, None)
            if payload is not None:
                run.opened = with_payload(run.envelope, payload)
            self._go_on(run)
        if self._claims is not None:
            self._begin(self._claims)

    def _marker(self, envelope: Envelope) -> Raw | None:
        """Return what names its marker; ends store a message all the same."""
        return None if self._is_end else marker_of(envelope)

    def _drop(self, run: _R) -> None:
        self._bytes -= self._sizes.pop(run, 0)

    def _go_on_without(self, run: _R, fault: Fault) -> None:
        if run.goes_on_without(fault):
            self._go_on(run)

    def _rest(self, run: _R, error: ObjectStoreError) -> None:
        delay = self._delays.get(run, _FIRST_RETRY)
        if run not in self._delays:
            sentence = "a payload can't be fetched yet; it is tried again: %s"
            log.warning(sentence, error, extra=run.labels("fetch_failed", "store"))
        self._delays[run] = min(delay * 2, _LAST_RETRY)
        self._resting[run] = asyncio.get_running_loop().call_later(delay, self._again, run)
        self._on_resting()

    def _again(self, run: _R) -> None:
        del self._resting[run]
        self.join(run)
        self._on_resting()
