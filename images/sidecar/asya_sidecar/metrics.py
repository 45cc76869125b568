"""Prometheus metrics of one actor, under the names that the original's dashboards use (`asya_actor_*`)."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from asya_sidecar.tallies import Counters, Histograms, Level

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_BROKER_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_BYTES = tuple(100.0 * 10**power for power in range(8))

_CODES = frozenset({
    "processing_error", "result_error", "route_error", "msg_parsing_error", "route_mismatch", "timeout_error",
    "crash_error", "deadline_exceeded", "cancelled_error", "deliveries", "unroutable",
    "claim_refused", "claim_missing",
})  # fmt: skip


class Metrics:
    """Everything that a sidecar counts. `queue` labels hold the actor's name, as the original's do."""

    def __init__(self, actor: str, transport: str) -> None:
        self.registry = CollectorRegistry()
        self._actor, self._transport = actor, transport
        self._count_messages()
        self._measure_times()
        sizes = self._histogram("envelope_size_bytes", "Size of envelopes.", _BYTES, "direction")
        self.received_bytes, self.sent_bytes = sizes.at("received"), sizes.at("sent")
        self.active = self._level("active_messages", "Messages in hand.")
        self.breaker_open = self._level(
            "breaker_open", "1 while there seems to be an outage, and one message at a time tries."
        )
        self.held = self._level("held_outputs", "Outputs that no queue has taken, and that are sent again.")

    def _count_messages(self) -> None:
        received = self._counter("messages_received", "Messages delivered by the broker.", "queue", "transport")
        self._received = received.at(self._actor, self._transport)
        self._processed = self._counter("messages_processed", "Messages settled, by outcome.", "queue", "status")
        self._sent = self._counter("messages_sent", "Messages that a queue took.", "destination_queue", "message_type")
        self._failed = self._counter("messages_failed", "Messages that failed, by reason.", "queue", "reason")
        self._errors = self._counter(
            "runtime_errors", "Faults that the runtime reported, by code.", "queue", "error_type"
        )
        redelivered = self._counter("messages_redelivered", "Deliveries after the first.", "queue")
        self.redelivered = redelivered.at(self._actor)
        lost = self._counter("leases_lost", "Leases that ended while a message was in hand.", "queue")
        self.leases_lost = lost.at(self._actor)
        self._claims = self._counter(
            "claim_check_payloads", "Payloads stored, fetched, or kept as a reference without being sent.", "direction"
        )
        self._claim_bytes = self._counter("claim_check_bytes", "The same, in bytes.", "direction")
        self._claim_failures = self._counter("claim_check_failures", "Tries that the store failed.", "direction")
        self._worker_ends = self._counter("worker_ends", "Ends of the process that runs the handler.", "reason")

    def _measure_times(self) -> None:
        processing = self._histogram("processing_duration_seconds", "From delivery to settlement.", _SECONDS, "queue")
        self.processing = processing.at(self._actor)
        execution = self._histogram("runtime_execution_duration_seconds", "Time inside the handler.", _SECONDS, "queue")
        self.execution = execution.at(self._actor)
        self.receive = self._histogram(
            "queue_receive_duration_seconds",
            "From delivery until the handler was asked; idle waiting is not in it.",
            _BROKER_SECONDS,
            "queue",
            "transport",
        ).at(self._actor, self._transport)
        self._send = self._histogram(
            "queue_send_duration_seconds",
            "From publishing until the broker confirmed.",
            _BROKER_SECONDS,
            "destination_queue",
            "transport",
        )

    def delivered(self, size: int, count: int) -> None:
        """Count a delivery of `size` bytes, the broker's `count`th of that message."""
        self._received.value += 1
        self.received_bytes.observe(size)
        self.active.value += 1
        if count > 1:
            self.redelivered.inc()

    def settled(self, status: str, seconds: float) -> None:
        """Count a message that is done, `seconds` after its delivery."""
        self._processed.at(self._actor, status).value += 1
        self.processing.observe(seconds)

    def failed(self, reason: str) -> None:
        """Count a message that failed for good or will be retried."""
        self._failed.at(self._actor, _known(reason)).inc()

    def runtime_error(self, code: str) -> None:
        """Count a fault that the runtime reported."""
        self._errors.at(self._actor, _known(code)).inc()

    def worker_ended(self, reason: str) -> None:
        """Count an end of the process that runs the handler: the supervisor's reason, or `closed` without one."""
        self._worker_ends.at(reason).inc()

    def claim(self, direction: str, size: int) -> None:
        """Count a payload of `size` bytes that was `stored` or `fetched`, or `kept` since it lies in the store."""
        self._claims.at(direction).inc()
        self._claim_bytes.at(direction).inc(size)

    def claim_failed(self, direction: str) -> None:
        """Count a try to store or fetch a payload that the store failed."""
        self._claim_failures.at(direction).inc()

    def sent(self, queue: str, kind: str, size: int, seconds: float) -> None:
        """Count a confirmed publish that took `seconds`."""
        self._sent.at(queue, kind).value += 1
        self._send.at(queue, self._transport).observe(seconds)
        self.sent_bytes.observe(size)

    def _counter(self, name: str, help_: str, *labels: str) -> Counters:
        counters = Counters(f"asya_actor_{name}", help_, *labels)
        self.registry.register(counters)
        return counters

    def _histogram(self, name: str, help_: str, buckets: tuple[float, ...], *labels: str) -> Histograms:
        histograms = Histograms(f"asya_actor_{name}", help_, buckets, *labels)
        self.registry.register(histograms)
        return histograms

    def _level(self, name: str, help_: str) -> Level:
        level = Level(f"asya_actor_{name}", help_)
        self.registry.register(level)
        return level


def _known(code: str) -> str:
    """Return a code as a label: one that a runtime made up must not make a new time series."""
    return code if code in _CODES else "other"
