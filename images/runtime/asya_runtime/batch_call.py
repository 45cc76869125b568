"""One call of a handler of batches: which jobs it is about, and how each of them is answered."""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic_ns

from asya_runtime.batching import Outcome
from asya_runtime.console import log
from asya_runtime.errors import InvocationError
from asya_runtime.handler import Handler
from asya_runtime.running import Running
from asya_runtime.session import Job, cancelled


class BatchCall:
    """A call for `jobs`, which every one of them leaves answered, or with a call of its own in `again`.

    `limit_ns` is how long it may take, 0 for as long as it likes: as long as the least patient of its jobs allows.
    """

    def __init__(self, handler: Handler, running: Running, jobs: list[Job]) -> None:
        self.jobs = jobs
        self.again: list[BatchCall] = []
        self.limit_ns = 0
        self._handler = handler
        self._running = running
        self._began = 0

    def begin(self) -> list[object]:
        """Note that the call begins, and return what to call the handler with; nothing where no job is left for it."""
        ready = [pair for job in self.jobs if (pair := self._argument(job)) is not None]
        self.jobs = [job for job, _ in ready]
        self.limit_ns = min((job.timeout_ns for job in self.jobs if job.timeout_ns), default=0)
        self._began = monotonic_ns()
        for job in self.jobs:
            self._running.add(job, self._began, self.limit_ns)
        return [argument for _, argument in ready]

    def end(self, result: list[Outcome] | InvocationError) -> None:
        """Answer the jobs with what the call came to, or with what it raised.

        Each of them took as long as the whole call. Where several failed with it, one alone may be to blame, so each is
        left to a call of its own.
        """
        if isinstance(result, InvocationError):
            self._fail(result)
        else:
            self._answer(result)

    def _answer(self, outcomes: list[Outcome]) -> None:
        microseconds = (monotonic_ns() - self._began) // 1000
        for index, job in enumerate(self.jobs):
            outcome = outcomes[index]
            failed = outcome if isinstance(outcome, InvocationError) else _add_items(job, outcome)
            if failed is None:
                job.session.end(job, microseconds)
            else:
                _fail(job, failed)
            self._running.discard(job)

    def _fail(self, error: InvocationError) -> None:
        for job in self.jobs:
            self._running.discard(job)
        if len(self.jobs) == 1:
            _fail(self.jobs[0], error)
        else:
            log.warning("a call for %d messages failed, so each gets its own: %s", len(self.jobs), error.summary())
            self.again = [BatchCall(self._handler, self._running, [job]) for job in self.jobs]

    @property
    def is_unwanted(self) -> bool:
        """Whether nobody waits for any of its results."""
        return all(job.cancelled for job in self.jobs)

    def _argument(self, job: Job) -> tuple[Job, object] | None:
        """Return a job and what it is about; None where it is answered without a call."""
        if job.cancelled:
            job.session.fail(job, cancelled())
            return None
        try:
            return job, self._handler.argument(job.meta, job.payload)
        except BaseException as error:
            _fail(job, InvocationError.of(error))
            return None


def _add_items(job: Job, items: Iterable[bytes]) -> InvocationError | None:
    """Add a job's results; return why one of them can't be sent."""
    try:
        for item in items:
            if not job.session.item(job, item):
                break
    except InvocationError as error:
        return error
    return None


def _fail(job: Job, error: InvocationError) -> None:
    log.warning("%s failed: %s", job, error.summary())
    job.session.fail(job, error)
