"""One actor at work: every message in hand, and the handler they pass through.

Deliveries come in from the broker, are looked at, wait their turn, and become runs. What a run needs from outside of
itself (room in the handler, settlement) is here; what happens to the message is in `run`.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime

from asya_core.envelope import Envelope
from asya_core.faults import Fault
from asya_core.transports import Delivery
from asya_sidecar.admission import Admission
from asya_sidecar.blame import Verdict
from asya_sidecar.end_run import EndRun
from asya_sidecar.fenced import Fenced
from asya_sidecar.fetching import Fetching
from asya_sidecar.frames import invoke_size
from asya_sidecar.intake import Undecodable, fault_of, key_of, read
from asya_sidecar.metrics import Metrics
from asya_sidecar.publisher import Publisher
from asya_sidecar.request import PAST_DEADLINE, Allowance, meta, payload, turned_away
from asya_sidecar.room import Room, may_kill
from asya_sidecar.run import Run
from asya_sidecar.runtime_client import RuntimeClient
from asya_sidecar.runtime_connection import Hello
from asya_sidecar.settings import Settings
from asya_sidecar.states import Key, State
from asya_sidecar.window import Window

log = logging.getLogger(__name__)

AWAY_SECONDS = 10.0
"""Messages that wait for a handler go back to the queue when it has been away for this long."""


class Actor:
    """Everything that is in hand. Implements what `Run` and `RuntimeClient` call back."""

    def __init__(
        self, settings: Settings, publisher: Publisher, metrics: Metrics, stop: Callable[[], None] = lambda: None
    ) -> None:
        self.settings = settings
        self.publisher = publisher
        self.metrics = metrics
        self.runtime: RuntimeClient[Run] = RuntimeClient(
            settings.socket_dir / "asya-runtime.sock", settings.limits.size, settings.timeout, self
        )
        self.window = Window()
        self.fenced: Fenced[Run] = Fenced()
        self.envelope_mode = settings.is_end
        self.runs: dict[Key, Run] = {}
        self.draining = self._gives_back = False
        self.idle = asyncio.Event()
        self.idle.set()
        self._stop = stop
        self._admission: Admission[Run] = Admission()
        self.room = Room(settings, metrics.breaker_open, self.on_room)
        self._fetching: Fetching[Run] = Fetching(publisher.claims, settings, self._join, self.resize)
        self._late: list[Delivery] = []
        self._is_changing = False
        self._served = time.monotonic()
        self.unhurried = Allowance(settings.timeout, by_deadline=False)
        publisher.on_pressure = lambda high: self.runtime.set_reading(wanted=not high)
        publisher.on_held = self.resize

    @property
    def serving(self) -> bool:
        """Whether a message that came now would be run."""
        return self.runtime.ready and not self.runtime.calls.stuck and not self.draining

    def deliver(self, delivery: Delivery) -> None:
        """Take a message from the broker."""
        if self.draining:
            self._late.append(delivery)
            self._return_waiting()
            return
        self.metrics.delivered(len(delivery.body), delivery.count)
        now = datetime.now(UTC)
        message = read(delivery, self.settings, now)
        if isinstance(message, Undecodable):
            self._deliver_undecodable(delivery, message, now)
            return
        key = key_of(message)
        if (known := self.runs.get(key)) is not None:
            known.adopt(delivery)
            return
        run = self._begin(key, delivery, message, now)
        if may_kill(delivery.count):
            self.room.suspect(run)
            self.resize()
        if (fault := fault_of(message, delivery, self.settings, now)) is not None:
            run.refuse(fault)
        elif self._fetching.concerns(message):
            self._fetching.join(run)
        else:
            self._join(run)

    def drain(self) -> None:
        """Let nobody into the handler any more."""
        self.draining = True
        self.window.shut()
        for run in self.fenced.shut():
            run.lose()

    def release_waiting(self) -> int:
        """Give back what has not entered the handler, also from now on; return how much that was.

        Only once the broker sends us nothing more, or it would send us the same again.
        """
        self._gives_back = self.draining
        waiting = [*self._admission.withdraw(), *self._fetching.withdraw()]
        for run in waiting:
            run.release()
        late, self._late = self._late, []
        self.window.release(late)
        return len(waiting) + len(late)

    def release_all(self) -> int:
        """Give everything back, whatever it is doing; return how much that was."""
        runs = list(self.runs.values())
        for run in runs:
            run.release()
        return len(runs)

    def tick(self) -> None:
        """Fail the runs whose message's time is up, and keep nothing waiting for a handler that is not there."""
        for call in self.runtime.overdue():
            run = call.invocation
            self.runtime.abandon(call.request)
            if run is not None:
                run.on_fault(PAST_DEADLINE)
        for run in self.fenced.given_up(time.monotonic(), connected=self.publisher.transport.connected):
            run.lose()
        if self.serving or self.draining:
            self._served = time.monotonic()
        elif time.monotonic() - self._served > AWAY_SECONDS and (left := self._give_back_waiting()):
            sentence = "no handler for %g s; %d messages go back to the queue"
            log.warning(sentence, AWAY_SECONDS, left, extra={"event": "given_back", "messages": left})

    # What the runtime says.

    def on_runtime_ready(self, hello: Hello) -> None:
        """Open the window."""
        labels = {"mode": hello.mode, "concurrency": hello.concurrency, "batch": hello.batch}
        log.info("the runtime is ready", extra={"event": "runtime_ready", **labels})
        self.envelope_mode = hello.mode == "envelope"
        self.room.handler_is(hello.concurrency, hello.batch)
        self.on_room()

    def on_runtime_lost(self, verdict: Verdict[Run]) -> None:
        """Charge whose doing it was; run the others again."""
        if self.draining:
            verdict.acquit("crash_error")  # it was interrupted, like we were
        again = [run for run in (*verdict.suspected, *verdict.innocent) if not run.over]
        counts = {"charged": len(verdict.charged), "again": len(again)}
        labels = {"event": "worker_ended", "reason": verdict.reason, "detail": verdict.detail, **counts}
        level = logging.ERROR if verdict.charged or again else logging.INFO
        log.log(level, "the handler's process has ended", extra=labels)
        self.metrics.worker_ended(verdict.reason)
        self.room.handler_ended()
        for run in verdict.suspected:
            run.suspected = True
        for run in (*verdict.suspected, *verdict.innocent):
            self._admission.leave(run)
            run.interrupted()
        self._admission.rejoin(again)
        for run, fault in verdict.charged:
            run.on_fault(fault)
        self.on_room()

    def on_runtime_draining(self) -> None:
        """Stop too: the pod is going away."""
        log.info("the runtime is stopping", extra={"event": "runtime_draining"})
        self.drain()
        self._stop()

    def on_room(self) -> None:
        """Let in whoever may enter the handler now: once for all that this turn of the event loop brings."""
        if not self._is_changing:
            self._is_changing = True
            asyncio.get_running_loop().call_soon(self._change)

    # What runs ask for.

    def left_handler(self, run: Run, seconds: float | None) -> None:
        """Let the next one in."""
        self._admission.leave(run)
        if run in self._fetching.joined:
            self._fetching.handled(run)
        self.room.handled(seconds, run.delivery().count)
        self.on_room()

    def give_up(self, run: Run) -> None:
        """Have the handler end what nobody waits for any more, and let the next one in."""
        self.runtime.abandon(run.request)
        self.left_handler(run, None)

    def enter_later(self, run: Run, seconds: float) -> None:
        """Let a run wait in our hands, then enter the handler again."""
        self._admission.rest(run, seconds, self.on_room)
        self.resize()

    def finished(self, run: Run) -> None:
        """Settle or release the message, by the run's state."""
        del self.runs[run.key]
        self.room.left(run)
        if run in self._fetching.joined:
            self._fetching.leave(run)
        self.metrics.active.value -= len(run.deliveries)
        if run.state is State.SETTLED:
            self.window.settle(run.deliveries)
            self.metrics.settled(run.status, time.monotonic() - run.begun)
        else:
            self.fenced.take(run)
            self.window.release(run.deliveries)
        if not self.runs:
            self.idle.set()

    def resize(self) -> None:
        """Ask for as much as there is room for, and for a little more where messages only wait for something to appear.

        That is an output's queue, or a store: nothing else has to wait with them.
        """
        idle = self.publisher.waiting_apart + self._admission.resting + self._fetching.resting
        self.window.resize(self.room.in_hand(idle) if self.serving else 0)

    def _begin(self, key: Key, delivery: Delivery, envelope: Envelope, now: datetime) -> Run:
        kind = EndRun if self.settings.is_end else Run
        run = self.runs[key] = kind(self, key, delivery, envelope, now)
        self.idle.clear()
        return run

    def _deliver_undecodable(self, delivery: Delivery, message: Undecodable, now: datetime) -> None:
        """Record bytes that are no envelope: at error-end by its own handler, elsewhere by sending them there."""
        run = self._begin(message.key, delivery, message.record.envelope, now)
        if message.is_ours_to_store:
            log.warning("no envelope: %s", message.fault.message, extra=run.labels("undecodable", message.fault.code))
            self._join(run)
        else:
            run.record(message.record, message.fault)

    def _join(self, run: Run) -> None:
        self._admission.join(run)
        self.on_room()

    def _change(self) -> None:
        self._is_changing = False
        self.resize()
        if self.serving:
            self._admit(self.runtime.calls.abandoned)
        self._return_waiting()

    def _admit(self, abandoned: int) -> None:
        while self.room.admits(self._admission.inside + abandoned) and (run := self._admission.admit()) is not None:
            self._enter(run)

    def _return_waiting(self) -> None:
        """Once nothing will enter any more, keep nothing that waits."""
        if self._gives_back:
            self.release_waiting()

    def _enter(self, run: Run) -> None:
        """Run a message, unless its time is up, it is no longer ours, or no runtime takes it."""
        allowed = run.time_allowed()
        head, body = meta(run.opened, envelope_mode=self.envelope_mode), payload(run.opened)
        if not run.delivery().is_lost and allowed.seconds > 0 and invoke_size(head, body) <= self.runtime.most_bytes:
            now = time.monotonic()
            self.metrics.receive.observe(now - run.begun)
            ends_at = now + allowed.seconds if allowed.by_deadline else math.inf
            run.entered(self.runtime.invoke(run, head, body, allowed.seconds, ends_at))
            return
        self._admission.leave(run)
        if not turned_away(run, allowed):
            sentence = f"the runtime takes at most {self.runtime.most_bytes} bytes (ASYA_MAX_BODY_BYTES)"
            run.refuse(Fault(code="msg_parsing_error", message=sentence))
        self._fetching.handled(run)

    def _give_back_waiting(self) -> int:
        """Give what waits to other pods; nothing is asked for meanwhile, so it does not come back here."""
        self.resize()
        left = 0
        for call in self.runtime.calls.not_begun():
            run = call.invocation
            self.runtime.abandon(call.request)
            if run is not None:
                self._admission.leave(run)
                run.release()
                left += 1
        return left + self.release_waiting()
