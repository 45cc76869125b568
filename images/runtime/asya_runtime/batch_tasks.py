"""Calls of an async handler of batches, as tasks on the event loop."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from asya_runtime.batch_call import BatchCall
from asya_runtime.batching import Outcome
from asya_runtime.errors import InvocationError, timed_out
from asya_runtime.gathering import Gathering
from asya_runtime.handler import Handler
from asya_runtime.running import Running
from asya_runtime.session import Job, Session
from asya_runtime.settings import Settings

if TYPE_CHECKING:
    from asya_runtime.tasks import Server

_SECOND = 10**9


class BatchTasks:
    """Jobs that wait for company, and a task for each call."""

    def __init__(self, server: Server, handler: Handler, settings: Settings, running: Running) -> None:
        self._server = server
        self._handler = handler
        self._running = running
        self._concurrency = settings.concurrency
        self._gathering = Gathering[Job](settings.batch_max_size, settings.batch_max_wait)
        self._tasks: set[asyncio.Task[None]] = set()
        self._calls: dict[BatchCall, asyncio.Task[list[Outcome] | InvocationError]] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return not self._tasks and not self._gathering

    def submit(self, job: Job) -> None:
        """Take a new job."""
        self._gathering.add(job, monotonic())
        self._plan()

    def hurry(self) -> None:
        """Wait for company no more."""
        self._gathering.hurry()
        self._plan()

    def cancel(self, job: Job) -> None:
        """End the call of a job that nobody waits for any more, unless somebody waits for others of it."""
        self._end_unwanted([call for call in self._calls if job in call.jobs])

    def abandon(self, session: Session) -> None:
        """End the calls for a connection that is over."""
        self._end_unwanted([call for call in self._calls if any(job.session is session for job in call.jobs)])

    def _end_unwanted(self, calls: list[BatchCall]) -> None:
        for call in calls:
            if call.is_unwanted:
                self._calls[call].cancel()

    def _plan(self) -> None:
        """See to it that the next batch begins when it is due.

        Not before this turn of the loop is over, even where it is due now: what has come with it goes along.
        """
        left = self._gathering.left(monotonic())
        if left is None or len(self._tasks) >= self._concurrency:
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + left
        if self._timer is None or self._timer.when() > due:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = loop.call_at(due, self._start)

    def _start(self) -> None:
        self._timer = None
        while len(self._tasks) < self._concurrency and self._gathering.left(monotonic()) == 0:
            call = BatchCall(self._handler, self._running, self._gathering.take())
            task = asyncio.get_running_loop().create_task(self._run(call))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        self._plan()

    async def _run(self, call: BatchCall) -> None:
        await self._call(call)
        for single in call.again:
            await self._call(single)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if len(self._tasks) == self._concurrency:
            self._gathering.freed(monotonic())
        self._tasks.discard(task)
        self._plan()
        self._server.answered()

    async def _call(self, call: BatchCall) -> None:
        """Make one call, in a task of its own, so that no trace is left in the next one of its being cancelled."""
        arguments = call.begin()
        if arguments:
            task = self._calls[call] = asyncio.get_running_loop().create_task(self._result(call, arguments))
            result: list[Outcome] | InvocationError
            try:
                result = await task
            except asyncio.CancelledError as error:  # before it had begun
                result = InvocationError.of(error)
            self._server.came_back()
            del self._calls[call]
            call.end(result)
        self._server.answered()

    async def _result(self, call: BatchCall, arguments: list[object]) -> list[Outcome] | InvocationError:
        is_late = False

        def expire() -> None:
            nonlocal is_late
            is_late = True
            self._calls[call].cancel()

        timer = asyncio.get_running_loop().call_later(call.limit_ns / _SECOND, expire) if call.limit_ns else None
        try:
            return await self._handler.batch_later(arguments)
        except BaseException as error:
            self._server.suspect(error)
            return timed_out(call.limit_ns) if is_late else InvocationError.of(error)
        finally:
            if timer is not None:
                timer.cancel()
