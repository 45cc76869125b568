"""Prometheus metrics of one actor, under the names that the original's dashboards use (`asya_actor_*`).

Labels are bound once: observing then costs about a microsecond.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_BROKER_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_BYTES = tuple(100.0 * 10**power for power in range(8))

_CODES = frozenset({
    "processing_error", "result_error", "route_error", "msg_parsing_error", "route_mismatch", "timeout_error",
    "crash_error", "deadline_exceeded", "cancelled_error", "deliveries", "unroutable",
})  # fmt: skip


class Metrics:
    """Everything that a sidecar counts. `queue` labels hold the actor's name, as the original's do."""

    def __init__(self, actor: str, transport: str) -> None:
        self.registry = CollectorRegistry()
        self._actor, self._transport = actor, transport
        self._bound_processed: dict[str, Counter] = {}
        self._bound_sent: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        self._count_messages()
        self._measure_times()
        sizes = self._histogram("envelope_size_bytes", "Size of envelopes.", _BYTES, "direction")
        self.received_bytes, self.sent_bytes = sizes.labels(direction="received"), sizes.labels(direction="sent")
        self.active = self._gauge("active_messages", "Messages in hand.")
        self.held = self._gauge("held_outputs", "Outputs that no queue has taken, and that are sent again.")

    def _count_messages(self) -> None:
        own = {"queue": self._actor}
        received = self._counter("messages_received_total", "Messages delivered by the broker.", "queue", "transport")
        self._received = received.labels(**own, transport=self._transport)
        self._processed = self._counter("messages_processed_total", "Messages settled, by outcome.", "queue", "status")
        self._sent = self._counter(
            "messages_sent_total", "Messages that a queue took.", "destination_queue", "message_type"
        )
        self._failed = self._counter("messages_failed_total", "Messages that failed, by reason.", "queue", "reason")
        self._errors = self._counter(
            "runtime_errors_total", "Faults that the runtime reported, by code.", "queue", "error_type"
        )
        redelivered = self._counter("messages_redelivered_total", "Deliveries after the first.", "queue")
        self.redelivered = redelivered.labels(**own)
        lost = self._counter("leases_lost_total", "Leases that ended while a message was in hand.", "queue")
        self.leases_lost = lost.labels(**own)

    def _measure_times(self) -> None:
        own = {"queue": self._actor}
        processing = self._histogram("processing_duration_seconds", "From delivery to settlement.", _SECONDS, "queue")
        self.processing = processing.labels(**own)
        execution = self._histogram("runtime_execution_duration_seconds", "Time inside the handler.", _SECONDS, "queue")
        self.execution = execution.labels(**own)
        self.receive = self._histogram(
            "queue_receive_duration_seconds",
            "From delivery until the handler was asked; idle waiting is not in it.",
            _BROKER_SECONDS,
            "queue",
            "transport",
        ).labels(**own, transport=self._transport)
        self._send = self._histogram(
            "queue_send_duration_seconds",
            "From publishing until the broker confirmed.",
            _BROKER_SECONDS,
            "destination_queue",
            "transport",
        )

    def delivered(self, size: int, count: int) -> None:
        """Count a delivery of `size` bytes, the broker's `count`th of that message."""
        self._received.inc()
        self.received_bytes.observe(size)
        self.active.inc()
        if count > 1:
            self.redelivered.inc()

    def settled(self, status: str, seconds: float) -> None:
        """Count a message that is done, `seconds` after its delivery."""
        self._processed_as(status).inc()
        self.processing.observe(seconds)

    def failed(self, reason: str) -> None:
        """Count a message that failed for good or will be retried."""
        self._failed.labels(queue=self._actor, reason=_known(reason)).inc()

    def runtime_error(self, code: str) -> None:
        """Count a fault that the runtime reported."""
        self._errors.labels(queue=self._actor, error_type=_known(code)).inc()

    def sent(self, queue: str, kind: str, size: int, seconds: float) -> None:
        """Count a confirmed publish that took `seconds`."""
        counter, histogram = self._sent_to(queue, kind)
        counter.inc()
        histogram.observe(seconds)
        self.sent_bytes.observe(size)

    def _processed_as(self, status: str) -> Counter:
        bound = self._bound_processed.get(status)
        if bound is None:
            bound = self._bound_processed[status] = self._processed.labels(queue=self._actor, status=status)
        return bound

    def _sent_to(self, queue: str, kind: str) -> tuple[Counter, Histogram]:
        bound = self._bound_sent.get((queue, kind))
        if bound is None:
            counter = self._sent.labels(destination_queue=queue, message_type=kind)
            histogram = self._send.labels(destination_queue=queue, transport=self._transport)
            bound = self._bound_sent[queue, kind] = counter, histogram
        return bound

    def _counter(self, name: str, help_: str, *labels: str) -> Counter:
        return Counter(f"asya_actor_{name}", help_, labels, registry=self.registry)

    def _histogram(self, name: str, help_: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"asya_actor_{name}", help_, labels, buckets=buckets, registry=self.registry)

    def _gauge(self, name: str, help_: str) -> Gauge:
        return Gauge(f"asya_actor_{name}", help_, registry=self.registry)


def _known(code: str) -> str:
    """Return a code as a label: one that a runtime made up must not make a new time series."""
    return code if code in _CODES else "other"
