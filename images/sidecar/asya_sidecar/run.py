"""One message's way through the actor: the delivery state machine; `states` names every step.

`decide` says what is published; here it is carried out, in the one order that loses nothing: siblings, their
confirmations, the last output, its confirmation, settlement. A state is left by one method each, and SETTLED, RELEASED
and LOST are left by none.
"""

from __future__ import annotations

import logging
import random
import time
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Raw

from asya_core.decide import Ended, Failed, Hop, arrival, decide
from asya_core.envelope import Envelope
from asya_core.error_record import to_error_end
from asya_core.errors import LeaseLostError, QueueMissingError, ResultError
from asya_core.faults import Fault
from asya_core.outgoing import Publication, attempt_of, child, edited_child, forward
from asya_core.transports import Delivery
from asya_sidecar.fenced import Fenced
from asya_sidecar.metrics import Metrics
from asya_sidecar.publisher import Done, Publisher
from asya_sidecar.records import lighter_retry, too_large, unroutable
from asya_sidecar.request import PAST_DEADLINE, Allowance, deadline, time_allowed
from asya_sidecar.room import Room, may_kill
from asya_sidecar.settings import Settings
from asya_sidecar.states import Key, State

log = logging.getLogger(__name__)
_chance = random.SystemRandom()
_SUSPICIOUS_INTERRUPTIONS = 3


class Surroundings(Protocol):
    """What a run needs of its actor. `unhurried` is what a handler may take when no deadline is near."""

    settings: Settings
    publisher: Publisher
    metrics: Metrics
    fenced: Fenced[Run]
    envelope_mode: bool
    unhurried: Allowance
    room: Room

    def left_handler(self, run: Run, seconds: float | None) -> None:
        """Make room in the handler; `seconds` is how long it took, None where it did not end well."""

    def give_up(self, run: Run) -> None:
        """Have the handler end what nobody waits for any more."""

    def finished(self, run: Run) -> None:
        """Settle or release the run's deliveries by its state, and forget it."""

    def enter_later(self, run: Run, seconds: float) -> None:
        """Let the run wait, then enter the handler again."""


class Run:
    """A message in hand; `opened` is its envelope with the payload in it, also where that came by reference.

    `over` says that the message has left our hands.
    """

    __slots__ = (
        "_broken", "_by_deadline", "_deadline", "_first", "_free", "_has_ended", "_interruptions", "_items",
        "_unconfirmed", "actor", "arrived", "begun", "deliveries", "envelope", "key", "opened", "over", "request",
        "state", "status", "suspected",
    )  # fmt: skip

    def __init__(self, actor: Surroundings, key: Key, delivery: Delivery, envelope: Envelope, now: datetime) -> None:
        self.actor = actor
        self.key = key
        self.deliveries = [delivery]
        self.envelope = self.opened = envelope
        self.begun = time.monotonic()
        self.arrived = arrival(envelope, now)
        self.state = State.WAITING
        self.status = "success"
        self.suspected = self.over = False
        self.request = 0
        self._deadline = deadline(envelope)
        self._by_deadline = False
        self._interruptions = self._items = self._unconfirmed = 0
        self._first: Envelope | None = None
        self._broken: Fault | None = None
        self._free: float | None = None
        self._has_ended = False

    @property
    def alone(self) -> bool:
        """Whether it must run with nothing beside it, because it may bring the handler's process or the pod down."""
        return self.suspected or may_kill(self.deliveries[-1].count)

    def delivery(self) -> Delivery:
        """Return the delivery by which the message is held now: the last one, where it was delivered again."""
        return self.deliveries[-1]

    def adopt(self, delivery: Delivery) -> None:
        """Take another delivery of the same message; it is settled with the first instead of being run again."""
        self.deliveries.append(delivery)
        if self.state is State.FENCED:
            self.state = State.PUBLISHING
            for publication, done in self.actor.fenced.take(self):
                self._send(publication, done)

    def time_allowed(self) -> Allowance:
        """Return how long the handler may take from now on."""
        if self._deadline is None:
            return self.actor.unhurried
        allowance = time_allowed(self._deadline, self.actor.settings.timeout, datetime.now(UTC))
        self._by_deadline = allowance.by_deadline
        return allowance

    def entered(self, request: int) -> None:
        """Begin to run, as the runtime's `request`."""
        self.state = State.RUNNING
        self.request = request
        self._items = 0
        self._first = self._broken = self._free = None
        self._has_ended = False

    def goes_on_without(self, fault: Fault) -> bool:
        """Tell whether it enters the handler without its payload, which can't be had."""
        self.refuse(fault)
        return False

    def interrupted(self) -> None:
        """Wait again: the handler's process ended, and it was not this message's doing, as far as anybody knows."""
        self._interruptions += 1
        self.suspected = self.suspected or self._interruptions >= _SUSPICIOUS_INTERRUPTIONS
        if not self.over:
            self.state = State.WAITING

    def on_item(self, body: bytes) -> None:
        """Publish a sibling as it comes; hold child 0 until the handler has ended without error."""
        index, self._items = self._items, self._items + 1
        if self._broken is not None or self.over:
            return
        try:
            made = self._child(index, body)
        except ResultError as error:
            self._break(Fault(code=error.code, message=str(error)))
            return
        if index == 0:
            self._first = made
        else:
            self._unconfirmed += 1
            self._send(forward(made, self.actor.settings.actor, datetime.now(UTC)), self._sibling_done)

    def on_end(self, seconds: float) -> None:
        """Go on to publish what the handler made."""
        self.actor.metrics.execution.observe(seconds)
        self._handler_ended()
        self.actor.left_handler(self, seconds)

    def on_fault(self, fault: Fault) -> None:
        """Go on to retry, or to record the error."""
        if fault.code == "timeout_error" and self._by_deadline:
            fault = PAST_DEADLINE
        self.actor.metrics.runtime_error(fault.code)
        if self._broken is None and not self.over:
            self._free = self.actor.room.failed(self.envelope.id, fault)
        self._broken = self._broken or fault
        self._handler_ended()
        self.actor.left_handler(self, None)

    def refuse(self, fault: Fault) -> None:
        """Record this as what became of the message, whatever a handler has made of it."""
        self.record(to_error_end(self.envelope, fault, self.actor.settings.actor, datetime.now(UTC)), fault)

    def record(self, publication: Publication, fault: Fault) -> None:
        """Publish an error record of `fault` that is made already."""
        self.state = State.PUBLISHING
        self._fail(fault.code)
        log.warning("to error-end: %s", fault.message, extra=self.labels("refused", fault.code))
        self._send(publication, self._last_done)

    def release(self) -> None:
        """Give the message back as it is; whatever its handler still makes of it is not wanted."""
        self._finish(State.RELEASED)

    def lose(self) -> None:
        """Forget the message: the broker gives it to somebody else."""
        if self.over:
            return
        was_running = self.state is State.RUNNING
        self.actor.metrics.leases_lost.inc()
        log.warning("the lease ended; the broker delivers it again", extra=self.labels("lost", "lease"))
        self._finish(State.LOST)
        if was_running:
            self.actor.give_up(self)

    def labels(self, event: str, reason: str) -> dict[str, object]:
        """Return what a line of the log says about the message."""
        return {"event": event, "reason": reason, "id": self.envelope.id, "attempt": attempt_of(self.envelope)}

    def _child(self, index: int, body: bytes) -> Envelope:
        if self.actor.envelope_mode:
            return edited_child(self.envelope, index, body, self.actor.settings.limits)
        return child(self.envelope, index, Raw(body))

    def _send(self, publication: Publication, done: Done) -> None:
        self.actor.publisher.send(publication, self.delivery, done)

    def _sibling_done(self, publication: Publication, error: Exception | None) -> None:
        """Count a sibling's confirmation; one that no queue will take gets an error record of its own."""
        if self.over:
            return
        if isinstance(error, LeaseLostError):
            self._fence(publication, self._sibling_done)
            return
        if isinstance(error, QueueMissingError):
            self._send(self._unroutable(publication, error), self._sibling_done)
            return
        self._unconfirmed -= 1
        if error is None:
            self._publish_last()
        else:
            self._break(too_large(error))

    def _break(self, fault: Fault) -> None:
        """Let the message fail; a handler that still works on it need not go on."""
        self._broken = self._broken or fault
        if self.state is State.RUNNING:
            self._handler_ended()
            self.actor.give_up(self)
        else:
            self._publish_last()

    def _handler_ended(self) -> None:
        self._has_ended = True
        if not self.over:
            self.state = State.PUBLISHING
            self._publish_last()

    def _publish_last(self) -> None:
        """Once the handler is done and its siblings are confirmed, publish what ends the input."""
        if not self._has_ended or self._unconfirmed:
            return
        outcome = Ended(self._first) if self._broken is None else Failed(self._broken, _chance.random(), self._free)
        hop = Hop(self.actor.settings.actor, self.actor.settings.resiliency, self.arrived)
        publication = decide(self.envelope, outcome, hop, datetime.now(UTC))
        if self._broken is not None:
            self._note_failure(publication, self._broken)
        elif self._first is None:
            self.status = "empty_response"
        self._send(publication, self._last_done)

    def _note_failure(self, publication: Publication, fault: Fault) -> None:
        self._fail(fault.code)
        if publication.kind == "retry":
            self.status = "retried"
        labels = {**self.labels("handler_failed", fault.code), "type": fault.type, "delay": publication.delay}
        log.warning("the handler failed; what follows: %s", publication.kind, extra=labels)

    def _last_done(self, publication: Publication, error: Exception | None) -> None:
        """Settle the input once a queue has what follows from it."""
        if self.over:
            return
        if error is None:
            self._finish(State.SETTLED)
        elif isinstance(error, LeaseLostError):
            self._fence(publication, self._last_done)
        elif isinstance(error, QueueMissingError):
            self.status = "error"
            self._send(self._unroutable(publication, error), self._last_done)
        elif (lighter := lighter_retry(publication)) is not None:
            self._send(lighter, self._last_done)
        else:
            self.refuse(self._broken or too_large(error))

    def _fence(self, publication: Publication, done: Done) -> None:
        """Keep what was made until the message comes back; where the handler has not ended, forget the message."""
        size = sum(len(delivery.body) for delivery in self.deliveries)
        if self._has_ended and self.actor.fenced.keep(self, size, publication, done):
            self.state = State.FENCED
        else:
            self.lose()

    def _unroutable(self, publication: Publication, error: QueueMissingError) -> Publication:
        self.actor.metrics.failed("unroutable")
        log.error("no queue took it: %s", error, extra=self.labels("unroutable", "unroutable"))
        return unroutable(publication, error, self.actor.settings.actor, datetime.now(UTC))

    def _fail(self, reason: str) -> None:
        self.status = "error"
        self.actor.metrics.failed(reason)

    def _finish(self, state: State) -> None:
        if not self.over:
            self.over = True
            self.state = state
            self.actor.finished(self)
