"""What the worker runs, noted where the supervisor and the sidecar see it."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic_ns

from asya_runtime.session import Job, Session
from asya_runtime.slots import Slots


class Running:
    """The jobs whose handler runs, each with its place in the shared file.

    A place's deadline is `grace_ns` after that of its job. `served` is called when the first job has ended.
    """

    def __init__(self, slots: Slots, served: Callable[[], None], grace_ns: int = 0) -> None:
        self.jobs: dict[Job, int] = {}
        self._slots = slots
        self._words = slots.words
        self._free = list(slots.places)
        self._grace_ns = grace_ns
        self._served = served
        self._has_served = False

    def add(self, job: Job, now: int, limit_ns: int) -> None:
        """Note that the handler starts for `job`, at `now` of the monotonic clock in nanoseconds.

        It may take `limit_ns`, or as long as it likes where that is 0.
        """
        place = self._free.pop()
        self.jobs[job] = place
        job.started = True
        if limit_ns:
            self._set_deadline(job, place, now + limit_ns)
        self._words[place] = job.request
        if job.session.abandoned:  # by another thread, meanwhile
            self._words[place] = 0

    def discard(self, job: Job) -> None:
        """Note that the handler has ended for `job`."""
        place = self.jobs.pop(job)
        self._words[place] = 0
        if job.deadline_ns:
            self._words[place + 1] = job.deadline_ns = 0
        self._free.append(place)
        if not self._has_served:
            self._has_served = True
            self._served()

    def pause(self, job: Job) -> None:
        """Stop the clock of `job`, whose generator waits for the sidecar to take what it yielded."""
        if job.deadline_ns:
            job.left_ns = job.deadline_ns - monotonic_ns() or 1
            job.deadline_ns = 0
            self._words[self.jobs[job] + 1] = 0

    def resume(self, job: Job) -> None:
        """Let the clock go on."""
        if job.left_ns:
            self._set_deadline(job, self.jobs[job], monotonic_ns() + job.left_ns)
            job.left_ns = 0

    def _set_deadline(self, job: Job, place: int, deadline: int) -> None:
        job.deadline_ns = deadline
        self._words[place + 1] = deadline + self._grace_ns

    def abandon(self, session: Session) -> None:
        """Give up a session whose connection is over. Its numbers mean nothing on the next one, its deadlines do."""
        session.abandon()
        for job, place in list(self.jobs.items()):
            if job.session is session:
                self._words[place] = 0

    def detach(self) -> None:
        """Let what a forked child notes be seen by nobody."""
        self._slots.detach()
        self._words = self._slots.words
