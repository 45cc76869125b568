





from __future__ import annotations

import json
from collections.abc import Callable

from asya_runtime import frames
from asya_runtime.errors import CANCELLED, RESULT, InvocationError, dump
from asya_runtime.settings import Settings


class Job:






    __slots__ = (
        "cancelled", "deadline_ns", "left_ns", "meta", "payload", "request", "session", "started", "timeout_ns",
    )

    def __init__(self, session: Session, request: int, body: bytes) -> None:
        timeout_ms, self.meta, self.payload = frames.parse_invoke(body)
        self.session = session
        self.request = request
        self.timeout_ns = timeout_ms * 1_000_000
        self.deadline_ns = 0
        self.left_ns = 0
        self.started = False
        self.cancelled = False

    def __str__(self) -> str:
        try:
            name = json.loads(self.meta)["id"]
        except (ValueError, LookupError, TypeError):
            name = "unknown"
        return f"request {self.request}, message {name}"


class Session:





    def __init__(self, settings: Settings, submit: Callable[[Job], None], cancel: Callable[[Job], None]) -> None:
        self._limit = settings.max_body_bytes
        self._submit = submit
        self._cancel = cancel
        self._decoder = frames.Decoder(frames.FROM_SIDECAR, self._limit)
        self._jobs: dict[int, Job] = {}
        self._out: list[bytes] = []
        self.draining = False
        self.abandoned = False
        self._drain_sent = False
        self.dropped = 0
        hello = {
            "version": frames.VERSION,
            "mode": settings.mode,
            "concurrency": settings.at_once,
            "limit": self._limit,
            "batch": settings.batch_max_size,
        }
        self._out.append(frames.encode(frames.HELLO, 0, dump(hello)))

    def receive(self, data: bytes) -> None:

        for kind, request, body in self._decoder.feed(data):
            if kind == frames.INVOKE:
                self._invoke(request, body)
            elif kind == frames.CANCEL:
                self._cancel_request(request)
            elif kind == frames.PING:
                self._out.append(frames.encode(frames.PONG, 0, body))
            elif kind == frames.DRAIN:
                self.draining = True
        if self._decoder.error is not None:
            raise self._decoder.error

    def _invoke(self, request: int, body: bytes) -> None:
        if request in self._jobs:
            raise frames.FrameError(f"INVOKE came with request {request}, which is outstanding")
        job = Job(self, request, body)
        self._jobs[request] = job
        self._submit(job)

    def _cancel_request(self, request: int) -> None:
        job = self._jobs.get(request)
        if job is None:
            self.dropped += 1
            return
        job.cancelled = True
        if job.started:
            self._cancel(job)
        else:
            self.fail(job, cancelled())

    def item(self, job: Job, body: bytes) -> bool:

        if job.cancelled:
            return False
        if len(body) > self._limit:
            limit = f"the limit is {self._limit} (ASYA_MAX_BODY_BYTES)"
            sentence = f"a result has {len(body)} bytes; {limit}; return less, or store it and return where it is"
            raise InvocationError(RESULT, sentence)
        self._out.extend((frames.header(frames.ITEM, job.request, len(body)), body))
        return True

    def end(self, job: Job, microseconds: int) -> None:

        if job.cancelled:
            self.fail(job, cancelled())
        elif self._finish(job):
            self._out.append(frames.encode(frames.END, job.request, frames.end_body(microseconds)))

    def fail(self, job: Job, error: InvocationError) -> None:

        if self._finish(job):
            body = (cancelled() if job.cancelled else error).body(self._limit)
            self._out.append(frames.encode(frames.ERROR, job.request, body))

    def _finish(self, job: Job) -> bool:

        return self._jobs.get(job.request) is job and self._jobs.pop(job.request, None) is not None

    def drain(self) -> None:

        if not self._drain_sent:
            self._drain_sent = True
            self._out.append(frames.encode(frames.DRAIN, 0))

    def abandon(self) -> None:

        self.abandoned = True
        jobs = list(self._jobs.values())
        self._jobs.clear()
        for job in jobs:
            job.cancelled = True

    @property
    def outstanding(self) -> int:

        return len(self._jobs)

    def take(self) -> bytes:

        parts = self._out[:]
        del self._out[: len(parts)]
        return b"".join(parts)


def cancelled() -> InvocationError:

    return InvocationError(CANCELLED, "the request was cancelled")
