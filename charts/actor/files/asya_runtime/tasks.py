

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


        @property
        def peer(self) -> Peer | None:
            ...

        @property
        def is_child(self) -> bool:
            ...

        def suspect(self, error: BaseException) -> None:
            ...

        def came_back(self) -> None:
            ...

        def answered(self) -> None:
            ...


_SECOND = 10**9
_SHORTEST_NS = 10**7


class Tasks:


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

        return not self._tasks and not self._waiting

    def submit(self, job: Job) -> None:

        self._waiting.append(job)
        self._start_waiting()

    def cancel(self, job: Job) -> None:

        self._tasks[job].cancel()

    def abandon(self, session: Session) -> None:

        for job, task in list(self._tasks.items()):
            if job.session is session and job.started:
                task.cancel()

    def hurry(self) -> None:
        ...

    def _start_waiting(self) -> None:
        while self._waiting and len(self._tasks) < self._concurrency:
            job = self._waiting.popleft()
            if not job.cancelled:
                self._tasks[job] = self._loop.create_task(self._run(job))

    def _expire(self, job: Job) -> None:

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
                await asyncio.sleep(0)
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
