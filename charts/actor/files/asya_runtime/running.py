

from __future__ import annotations

from collections.abc import Callable
from time import monotonic_ns

from asya_runtime.session import Job, Session
from asya_runtime.slots import Slots


class Running:





    def __init__(self, slots: Slots, served: Callable[[], None], grace_ns: int = 0) -> None:
        self.jobs: dict[Job, int] = {}
        self._slots = slots
        self._words = slots.words
        self._free = list(slots.places)
        self._grace_ns = grace_ns
        self._served = served
        self._has_served = False

    def add(self, job: Job, now: int, limit_ns: int) -> None:




        place = self._free.pop()
        self.jobs[job] = place
        job.started = True
        if limit_ns:
            self._set_deadline(job, place, now + limit_ns)
        self._words[place] = job.request
        if job.session.abandoned:
            self._words[place] = 0

    def discard(self, job: Job) -> None:

        place = self.jobs.pop(job)
        self._words[place] = 0
        if job.deadline_ns:
            self._words[place + 1] = job.deadline_ns = 0
        self._free.append(place)
        if not self._has_served:
            self._has_served = True
            self._served()

    def pause(self, job: Job) -> None:

        if job.deadline_ns:
            job.left_ns = job.deadline_ns - monotonic_ns() or 1
            job.deadline_ns = 0
            self._words[self.jobs[job] + 1] = 0

    def resume(self, job: Job) -> None:

        if job.left_ns:
            self._set_deadline(job, self.jobs[job], monotonic_ns() + job.left_ns)
            job.left_ns = 0

    def _set_deadline(self, job: Job, place: int, deadline: int) -> None:
        job.deadline_ns = deadline
        self._words[place + 1] = deadline + self._grace_ns

    def abandon(self, session: Session) -> None:

        session.abandon()
        for job, place in list(self.jobs.items()):
            if job.session is session:
                self._words[place] = 0

    def detach(self) -> None:

        self._slots.detach()
        self._words = self._slots.words
