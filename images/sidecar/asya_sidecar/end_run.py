"""A message at happy-end or error-end: stored by the handler, however often that takes, then settled."""

from __future__ import annotations

import logging
from datetime import datetime

from msgspec import UNSET

from asya_core.claim_check import with_payload
from asya_core.envelope import Envelope
from asya_core.faults import Fault
from asya_core.transports import Delivery
from asya_sidecar.records import as_base64
from asya_sidecar.request import Allowance
from asya_sidecar.run import Run, Surroundings
from asya_sidecar.states import Key, State

log = logging.getLogger(__name__)

_FIRST_RETRY, _LAST_RETRY = 0.5, 60.0


class EndRun(Run):
    """A run that gives nothing up and has no outputs: no limit of attempts, deliveries or time applies to it."""

    __slots__ = ("_failures", "_is_wrapped")

    def __init__(self, actor: Surroundings, key: Key, delivery: Delivery, envelope: Envelope, now: datetime) -> None:
        super().__init__(actor, key, delivery, envelope, now)
        self._failures = 0
        self._is_wrapped = False
        self.status = "end_consumed"

    def time_allowed(self) -> Allowance:
        """Return how long the handler may take; an end stores a message also after its deadline."""
        return self.actor.unhurried

    def on_item(self, body: bytes) -> None:
        """Ignore it: an end returns nothing that anybody waits for."""

    def on_end(self, seconds: float) -> None:
        """Settle: the message is stored."""
        self.actor.metrics.execution.observe(seconds)
        self._finish(State.SETTLED)
        self.actor.left_handler(self, seconds)

    def goes_on_without(self, fault: Fault) -> bool:
        """Store it with its reference: an end has nowhere else to put a message."""
        self.actor.metrics.failed(fault.code)
        sentence = "the payload can't be stored with its message, which keeps its reference: %s"
        log.error(sentence, fault.message, extra=self.labels("stored_by_reference", fault.code))
        return True

    def on_fault(self, fault: Fault) -> None:
        """Try again later; where the handler can't read the payload, with the payload as base64."""
        self.actor.metrics.runtime_error(fault.code)
        if fault.code == "msg_parsing_error" and not self._is_wrapped and self.opened.payload is not UNSET:
            self._is_wrapped = True
            self.opened = with_payload(self.opened, as_base64(bytes(self.opened.payload)))
        self.refuse(fault)
        self.actor.left_handler(self, None)

    def refuse(self, fault: Fault) -> None:
        """Try again later: there is no other place for what can't be stored."""
        self.actor.metrics.failed(fault.code)
        log.error(
            "the message could not be stored; trying again: %s",
            fault.message,
            extra=self.labels("store_failed", fault.code),
        )
        if not self.over:
            self.state = State.WAITING
            self.actor.enter_later(self, min(_FIRST_RETRY * 2.0 ** min(self._failures, 10), _LAST_RETRY))
            self._failures += 1
