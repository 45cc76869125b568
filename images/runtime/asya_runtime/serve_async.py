"""Serves coroutines and async generators as tasks on one event loop."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections import deque
from contextlib import suppress
from time import monotonic, monotonic_ns

from asya_runtime.channel import Channel
from asya_runtime.descriptors import lift
from asya_runtime.errors import TIMEOUT, InvocationError
from asya_runtime.handler import Handler
from asya_runtime.peer import Peer
from asya_runtime.running import Running
from asya_runtime.session import Job, Session, cancelled
from asya_runtime.settings import Settings
from asya_runtime.slots import Slots
from asya_runtime.worker_process import ALIVE, ASK, CONNECTION, DRAIN, READY, SERVED

log = logging.getLogger("asya_runtime")

_TICK_SECONDS = 1.0
_QUIET_SECONDS = 1.0  # a drain is over when nothing is outstanding and no frame has come for so long
_GRACE_NS = 5 * 10**9  # for a task to end after it was told that it is past its timeout
_SECOND = 10**9
_NOT_OURS = (errno.EBADF, errno.ENOTSOCK, errno.EINVAL)


def serve(handler: Handler, settings: Settings, channel: Channel, slots: Slots) -> None:
    """Answer the sidecar until the drain is over."""
    if handler.loop is None:
        raise TypeError("this handler is not async")
    running = Running(slots, served=lambda: channel.tell(SERVED), grace_ns=_GRACE_NS)
    server = AsyncServer(handler, settings, channel, running)
    try:
        handler.loop.run_until_complete(server.serve())
    except OSError as error:  # the loop could not wait any more
        channel.fail(error)


class AsyncServer:
    """The connection, its tasks, and the end of the process. All of it runs on the event loop."""

    def __init__(self, handler: Handler, settings: Settings, channel: Channel, running: Running) -> None:
        self._handler = handler
        self._settings = settings
        self._channel = channel
        self._running = running
        self._waiting: deque[Job] = deque()
        self._tasks: dict[Job, asyncio.Task[None]] = {}
        self._timed_out: set[Job] = set()
        self._opening: set[asyncio.Task[object]] = set()
        self._peer: Peer | None = None
        self._draining = False
        self._is_child = False
        self._last_event = monotonic()

    async def serve(self) -> None:
        """Serve until a drain was asked for and is done."""
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        os.register_at_fork(after_in_child=self._forget)
        self._loop.add_reader(self._channel.fileno(), self._hear)
        self._channel.tell(READY)
        while not self._is_over():
            self._changed.clear()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _TICK_SECONDS if self._draining else None)
        self._loop.remove_reader(self._channel.fileno())
        if self._peer is not None:
            self._peer.close()

    def heard(self, peer: Peer) -> None:
        """Note that frames have come."""
        self._last_event = monotonic()
        if peer.session.draining and not self._draining:
            self._draining = True
            self._changed.set()

    def lost(self, peer: Peer, error: Exception | None) -> None:
        """Give up the jobs of a peer that is gone."""
        if self._is_child:
            return
        if isinstance(error, OSError) and error.errno in _NOT_OURS:
            self._channel.fail(error)
        log.info("the sidecar has gone; %d requests are given up", peer.session.outstanding)
        self._channel.release(peer.socket.fileno())
        self._abandon(peer)
        if self._peer is peer:
            self._peer = None
        self._changed.set()

    def _hear(self) -> None:
        message, connection = self._channel.receive()
        if message == CONNECTION and connection is not None:
            self._greet(connection)
        elif message == DRAIN:
            self._drain()
        elif message == ASK:
            self._channel.tell(ALIVE)

    def _greet(self, connection: socket.socket) -> None:
        if self._peer is not None:
            log.info("a new connection replaces the one before")
            self._abandon(self._peer)
            self._peer.close()
        peer = Peer(self, connection, Session(self._settings, self._submit, self._cancel))
        self._peer = peer
        self._channel.keep(connection.fileno())
        if self._draining:
            peer.session.drain()
        loops = socket.socket(fileno=lift(os.dup(connection.fileno())))
        task: asyncio.Task[object] = self._loop.create_task(self._loop.connect_accepted_socket(lambda: peer, loops))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        log.info("the sidecar has connected")

    def _abandon(self, peer: Peer) -> None:
        self._running.abandon(peer.session)
        for job, task in list(self._tasks.items()):
            if job.session is peer.session and job.started:
                task.cancel()

    def _submit(self, job: Job) -> None:
        self._waiting.append(job)
        self._start_waiting()

    def _start_waiting(self) -> None:
        while self._waiting and len(self._tasks) < self._settings.concurrency:
            job = self._waiting.popleft()
            if not job.cancelled:
                self._tasks[job] = self._loop.create_task(self._run(job))

    def _cancel(self, job: Job) -> None:
        self._tasks[job].cancel()

    def _expire(self, job: Job) -> None:
        """End a job that is past its deadline, and look again later where it got more time since."""
        if job not in self._tasks:
            return
        left = job.deadline_ns - monotonic_ns() if job.deadline_ns else job.timeout_ns
        if left <= 0:
            self._timed_out.add(job)
            self._tasks[job].cancel()
        else:
            self._loop.call_later(min(left, job.timeout_ns) / _SECOND, self._expire, job)

    async def _run(self, job: Job) -> None:
        if not job.cancelled:
            self._running.add(job, monotonic_ns())
            if job.timeout_ns:
                timer = self._loop.call_later(job.timeout_ns / _SECOND, self._expire, job)
            await self._call(job)
            if self._is_child:  # the handler has forked, and this is the copy: it must not answer
                os._exit(0)
            self._check()
            self._running.discard(job)
            if job.timeout_ns:
                timer.cancel()
        self._timed_out.discard(job)
        self._last_event = monotonic()
        if self._peer is not None:
            self._peer.send_soon()
        del self._tasks[job]
        self._start_waiting()
        if self._draining:
            self._changed.set()

    async def _call(self, job: Job) -> None:
        session = job.session
        began = monotonic_ns()

        async def emit(item: bytes) -> None:
            session.item(job, item)
            peer = self._peer
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
                failed = _timed_out(job)
            if not self._is_child:
                log.warning("%s failed: %s", job, failed.summary())
            session.fail(job, failed)
        else:
            session.end(job, (monotonic_ns() - began) // 1000)

    def _is_over(self) -> bool:
        if not self._draining or self._tasks or self._waiting:
            return False
        return self._peer is None or monotonic() - self._last_event >= _QUIET_SECONDS

    def _drain(self) -> None:
        self._draining = True
        if self._peer is not None:
            self._peer.session.drain()
            self._peer.send_soon()
        self._changed.set()

    def _check(self) -> None:
        """In a worker that is careful, find out whether the handler has closed what the loop waits with."""
        self._channel.check()
        if self._channel.is_careful:
            try:
                self._loop.remove_reader(self._channel.fileno())
                self._loop.add_reader(self._channel.fileno(), self._hear)
            except OSError as error:
                self._channel.fail(error)

    def _forget(self) -> None:
        """Give up, in a child that user code has forked, all that belongs to this process.

        Where the child comes back to the loop, which shares its descriptors with ours, it ends.
        """
        self._is_child = True
        self._running.detach()
        self._channel.forget()
        if self._peer is not None:
            self._peer.hide()
            self._peer = None
        self._loop.call_soon(os._exit, 0)


def _timed_out(job: Job) -> InvocationError:
    sentence = f"the handler was ended after {job.timeout_ns / _SECOND:g} s, its timeout"
    return InvocationError(TIMEOUT, sentence)
