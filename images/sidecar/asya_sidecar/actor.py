"""One actor at work: every message in hand, and the handler they pass through.

Deliveries come in from the broker, are looked at, wait their turn, and become runs. What a run needs from outside of
itself (room in the handler, settlement) is here; what happens to the message is in `run`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime

from msgspec import UNSET, Raw

from asya_core.decide import refusal
from asya_core.envelope import Envelope, decode
from asya_core.error_record import to_error_end, undecodable
from asya_core.errors import EnvelopeError
from asya_core.faults import Fault
from asya_core.outgoing import attempt_of
from asya_core.route import ERROR_END
from asya_core.transports import Consumer, Delivery
from asya_sidecar.admission import Admission
from asya_sidecar.metrics import Metrics
from asya_sidecar.prefetch import Prefetch
from asya_sidecar.publisher import Publisher
from asya_sidecar.run import EndRun, Key, Run, State
from asya_sidecar.runtime_client import Invocation, RuntimeClient
from asya_sidecar.runtime_connection import Hello
from asya_sidecar.settings import Settings

log = logging.getLogger(__name__)

_NULL = Raw(b"null")
_MOST_HELD = 100


class Actor:
    """Everything that is in hand. Implements what `Run` and `RuntimeClient` call back."""

    def __init__(self, settings: Settings, publisher: Publisher, metrics: Metrics) -> None:
        self.settings = settings
        self.publisher = publisher
        self.metrics = metrics
        self.runtime = RuntimeClient(settings.socket_dir / "asya-runtime.sock", settings.limits.size, self)
        self.envelope_mode = settings.is_end
        self.runs: dict[Key, Run] = {}
        self.draining = asyncio.Event()
        self.idle = asyncio.Event()
        self.idle.set()
        self._admission: Admission[Run] = Admission()
        self._prefetch = Prefetch(concurrency=1, fixed=settings.prefetch)
        self._asked_for = 0
        self._consumer: Consumer | None = None
        publisher.on_pressure = lambda high: self.runtime.set_reading(wanted=not high)

    def attach(self, consumer: Consumer) -> None:
        """Begin to settle and to size the window through `consumer`."""
        self._consumer = consumer
        self._resize()

    def deliver(self, delivery: Delivery) -> None:
        """Take a message from the broker."""
        if self.draining.is_set() and self._consumer is not None:
            self._consumer.release(delivery)
            return
        self.metrics.delivered(len(delivery.body), delivery.count)
        try:
            envelope = decode(delivery.body, self.settings.limits)
        except EnvelopeError as error:
            self._deliver_undecodable(delivery, error)
            return
        if (known := self.runs.get(_key(envelope))) is not None:
            known.adopt(delivery)
            return
        fault = None if self.settings.is_end else self._refusal(envelope, delivery)
        if fault is None:
            self._wait(self._begin(_key(envelope), delivery, envelope))
            return
        log.warning("refused: %s", fault.message, extra={"event": "refused", "id": envelope.id, "reason": fault.code})
        record = to_error_end(envelope, fault, self.settings.actor, datetime.now(UTC))
        self._begin(_key(envelope), delivery, envelope).refuse(record, fault.code)

    def release_waiting(self) -> None:
        """Give back what has not entered the handler, and take nothing more in."""
        self.draining.set()
        for run in self._admission.withdraw():
            run.release()

    def release_all(self) -> int:
        """Give everything back, whatever it is doing; return how much that was."""
        runs = list(self.runs.values())
        for run in runs:
            run.release()
        return len(runs)

    def end_overdue(self) -> None:
        """Fail the runs whose handler has taken longer than `timeout.actor`."""
        for request, invocation in self.runtime.overdue(self.settings.timeout):
            self.runtime.abandon(request)
            message = f"the handler took longer than timeout.actor ({self.settings.timeout:g} s)"
            invocation.on_fault(Fault(code="timeout_error", message=message, type="TimeoutError"))

    # What the runtime says.

    def on_runtime_ready(self, hello: Hello) -> None:
        """Open the window."""
        log.info(
            "the runtime is ready",
            extra={"event": "runtime_ready", "mode": hello.mode, "concurrency": hello.concurrency},
        )
        self.envelope_mode = hello.mode == "envelope"
        self._prefetch.concurrency = hello.concurrency
        self._resize()
        self._admit()

    def on_runtime_lost(self, started: list[Invocation], waiting: list[Invocation], why: str) -> None:
        """Charge the one that ran alone; run the others again, each alone where it can't be told which was it."""
        log.error("the runtime ended: %s", why, extra={"event": "runtime_lost", "running": len(started)})
        self._prefetch.failed()
        self._resize()
        charged = started[0] if len(started) == 1 and not self.draining.is_set() else None
        again = [run for run in (*started, *waiting) if run is not charged and isinstance(run, Run)]
        for run in again:
            run.suspected = run.suspected or run in started
            run.state = State.WAITING
            self._admission.leave(run)
        if charged is not None:
            charged.on_fault(Fault(code="crash_error", message=f"the handler's process ended: {why}"))
        self._admission.rejoin(again)
        if self.draining.is_set():
            self.release_waiting()
        self._admit()

    def on_runtime_draining(self) -> None:
        """Stop too: the pod is going away."""
        log.info("the runtime is stopping", extra={"event": "runtime_draining"})
        self.release_waiting()

    # What runs ask for.

    def left_handler(self, run: Run, seconds: float | None) -> None:
        """Let the next one in."""
        self._admission.leave(run)
        if seconds is not None:
            self._prefetch.succeeded(seconds)
        self._admit()

    def enter_later(self, run: Run, seconds: float) -> None:
        """Let a run wait in our hands, then enter the handler again."""
        if self.draining.is_set():
            run.release()
            return
        asyncio.get_running_loop().call_later(seconds, self._enter_again, run)

    def finished(self, run: Run) -> None:
        """Settle or release the message, by the run's state."""
        self.runs.pop(run.key, None)
        self.metrics.active.dec(len(run.deliveries))
        if self._consumer is not None and run.state is not State.LOST:
            give = self._consumer.settle if run.state is State.SETTLED else self._consumer.release
            for delivery in run.deliveries:
                give(delivery)
        if run.state is State.SETTLED:
            self.metrics.settled(run.status, time.monotonic() - run.begun)
        self._resize()
        if not self.runs:
            self.idle.set()

    def _begin(self, key: Key, delivery: Delivery, envelope: Envelope) -> Run:
        kind = EndRun if self.settings.is_end else Run
        run = self.runs[key] = kind(self, key, delivery, envelope)
        self.idle.clear()
        return run

    def _wait(self, run: Run) -> None:
        self._admission.join(run)
        self._admit()

    def _deliver_undecodable(self, delivery: Delivery, error: EnvelopeError) -> None:
        """Record bytes that are no envelope: at error-end by its own handler, elsewhere by sending them there."""
        log.warning("no envelope: %s", error, extra={"event": "undecodable", "message_id": delivery.message_id})
        record = undecodable(delivery.body, delivery.message_id, error, self.settings.actor, datetime.now(UTC))
        run = self._begin(("", id(delivery), 0, 0), delivery, record.envelope)
        if self.settings.actor == ERROR_END:
            self._wait(run)
        else:
            run.refuse(record, error.code)

    def _refusal(self, envelope: Envelope, delivery: Delivery) -> Fault | None:
        if envelope.payload is UNSET:
            return Fault(
                code="msg_parsing_error", message="payload_ref: this version does not fetch payloads; send them inside"
            )
        most = self.settings.resiliency.max_deliveries
        return refusal(envelope, self.settings.actor, delivery.count, most, datetime.now(UTC))

    def _admit(self) -> None:
        """Let in whoever may enter the handler now."""
        while self.runtime.ready and (run := self._admission.admit()) is not None:
            payload = run.envelope.payload
            self.metrics.receive.observe(time.monotonic() - run.begun)
            body = memoryview(payload if payload is not UNSET else _NULL)
            run.entered(self.runtime.invoke(run, run.meta(), body, self.settings.timeout))

    def _enter_again(self, run: Run) -> None:
        if run.over:
            return
        if self.draining.is_set():
            run.release()
            return
        self._wait(run)

    def _resize(self) -> None:
        """Tell the broker how much to send, when that has changed by enough to be worth saying."""
        if self._consumer is None or self.draining.is_set():
            return
        size = self._prefetch.size + min(self.publisher.held, _MOST_HELD) if self.runtime.ready else 0
        asked = self._asked_for
        if size == asked or (size and asked and abs(size - asked) < max(size, asked) // 5):
            return
        self._asked_for = size
        self._consumer.resize(size)


def _key(envelope: Envelope) -> Key:
    """What makes two deliveries the same message: id, position, attempt and generation."""
    status = envelope.status
    generation = status.generation if status is not UNSET and status.generation is not UNSET else 0
    return envelope.id, envelope.route.current, attempt_of(envelope), generation
