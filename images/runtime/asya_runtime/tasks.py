"""Calls of an async handler, each a task on the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic_ns
from typing import TYPE_CHECKING

from asya_runtime.console import log
from asya_runtime.errors import InvocationError, timed_out
from asya_runtime.handler import Handler
from asya_runtime.peer import Peer
from asya_runtime.running import Running
from asya_runtime.session import Job, Session, cancelled
from asya_runtime.settings import Settings

if TYPE_CHECKING:
    from typing import Protocol

    class Server(Protocol):
        """What tasks work for."""

        @property
        def peer(self) -> Peer | None:
            """The connection to the sidecar."""

        @property
        def is_child(self) -> bool:
            """Whether this process is one that the handler has forked."""

        def suspect(self, error: BaseException) -> None:
            """Look, where a handler has failed, whether it was another's doing."""

        def came_back(self) -> None:
            """Look what the handler has done to the process."""

        def answered(self) -> None:
            """Send what there is to send."""


_SECOND = 10**9
_SHORTEST_NS = 10**7  # to the next look at a job whose clock stands still


class Tasks:
    """Jobs that wait for a place, and a task for each that has one."""

    def __init__(self, server: Server, handler: Handler, settings: Settings, running: Running) -> None:
        self._server = server
        self._handler = handler
        self._running = running
        self._concurrency = settings.concurrency
        self._waiting: deque[Job] = deque()
        self._tasks: dict[Job, asyncio.Task[None]] = {}
        self._timers: dict[Job, asyncio.TimerHandle] = {}
        self._timed_out: set[Job] = set()
        self._loop = asyncio.get_running_loop()

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return not self._tasks and not self._waiting

    def submit(self, job: Job) -> None:
        """Take a new job."""
        self._waiting.append(job)
        self._start_waiting()

    def cancel(self, job: Job) -> None:
        """End a job that has started."""
        self._tasks[job].cancel()

    def abandon(self, session: Session) -> None:
        """End what has started for a connection that is over."""
        for job, task in list(self._tasks.items()):
            if job.session is session and job.started:
                task.cancel()

    def hurry(self) -> None:
        """Wait for nothing that may still come: a job alone never does."""

    def _start_waiting(self) -> None:
        while self._waiting and len(self._tasks) < self._concurrency:
            job = self._waiting.popleft()
            if not job.cancelled:
                self._tasks[job] = self._loop.create_task(self._run(job))

    def _expire(self, job: Job) -> None:
        """End a job that is past its deadline, and look again later where it got more time since."""
        left = job.deadline_ns - monotonic_ns() if job.deadline_ns else max(job.left_ns, _SHORTEST_NS)
        if left <= 0:
            self._timed_out.add(job)
            self._tasks[job].cancel()
        else:
            self._expire_later(job, left)

    def _expire_later(self, job: Job, left_ns: int) -> None:
        self._timers[job] = self._loop.call_later(left_ns / _SECOND, self._expire, job)

    async def _run(self, job: Job) -> None:
        if not job.cancelled:
            self._running.add(job, monotonic_ns(), job.timeout_ns)
            if job.timeout_ns:
                self._expire_later(job, job.timeout_ns)
            await self._call(job)
            self._server.came_back()
            self._running.discard(job)
            if job.timeout_ns:
                self._timers.pop(job).cancel()
        self._timed_out.discard(job)
        del self._tasks[job]
        self._start_waiting()
        self._server.answered()

    async def _call(self, job: Job) -> None:
        session = job.session
        began = monotonic_ns()

        async def emit(item: bytes) -> None:
            session.item(job, item)
            peer = self._server.peer
            if peer is not None and peer.session is session:
                peer.send()
                await asyncio.sleep(0)  # a generator that awaits nothing would keep CANCEL and its timeout waiting
                self._running.pause(job)
                try:
                    await peer.writable.wait()
                finally:
                    self._running.resume(job)

        try:
            argument = self._handler.argument(job.meta, job.payload)
            for item in await self._handler.results_to(emit, argument):
                session.item(job, item)
        except BaseException as error:
            failed = InvocationError.of(error)
            if job.cancelled:
                failed = cancelled()
            elif job in self._timed_out:
                failed = timed_out(job.timeout_ns)
            if not self._server.is_child:
                self._server.suspect(error)
                log.warning("%s failed: %s", job, failed.summary())
            session.fail(job, failed)
        else:
            session.end(job, (monotonic_ns() - began) // 1000)
