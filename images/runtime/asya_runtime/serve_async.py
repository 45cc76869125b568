"""Serves coroutines and async generators as tasks on one event loop."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from contextlib import suppress
from threading import Thread
from time import monotonic, monotonic_ns, sleep

from asya_runtime.connection import Listener
from asya_runtime.errors import InvocationError
from asya_runtime.frames import FrameError
from asya_runtime.handler import Handler
from asya_runtime.lifetime import (
    QUIET_SECONDS,
    STOP_SIGNALS,
    Running,
    in_child,
    leave_at_signal,
    leave_overdue,
    overdue,
    report_overdue,
    timed_out,
)
from asya_runtime.session import Job, Session, cancelled
from asya_runtime.settings import Settings

log = logging.getLogger("asya_runtime")

_TICK_SECONDS = 1.0
_GRACE_SECONDS = 5.0  # for a task to end after it was told that it is past its timeout


def serve(handler: Handler, settings: Settings, listener: Listener, running: Running) -> None:
    """Listen, and answer the sidecar until the drain is over; raise StartError where the socket can't be made."""
    if handler.loop is None:
        raise TypeError("this handler is not async")
    server = AsyncServer(handler, settings, listener, running)
    Thread(target=server.watch, name="asya-keeper", daemon=True).start()
    handler.loop.run_until_complete(server.serve())


class Peer(asyncio.Protocol):
    """One connection: its session, and the transport that its answers go to."""

    def __init__(self, server: AsyncServer, peer: socket.socket, session: Session) -> None:
        self.socket = peer
        self.session = session
        self.writable = asyncio.Event()
        self.writable.set()
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._send_planned = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the sidecar."""
        self._transport = transport if isinstance(transport, asyncio.Transport) else None
        self.send()

    def data_received(self, data: bytes) -> None:
        """Give what has come to the session."""
        try:
            self.session.receive(data)
        except FrameError as error:
            log.error("the sidecar broke the protocol, so the connection is closed: %s", error)
            self.close()
        self.send_soon()
        self._server.heard(self)

    def connection_lost(self, _error: Exception | None) -> None:
        """Give up what was asked on this connection."""
        self.writable.set()
        self._server.lost(self)

    def pause_writing(self) -> None:
        """Have generators wait: the sidecar does not read fast enough."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """Let generators go on."""
        self.writable.set()

    def send(self) -> None:
        """Send what there is to send."""
        self._send_planned = False
        if self._transport is not None:  # else the greeting is still to come
            data = self.session.take()
            if data:
                self._transport.write(data)

    def send_soon(self) -> None:
        """Send in the next turn of the loop, together with what other tasks add in this one."""
        if not self._send_planned:
            self._send_planned = True
            asyncio.get_running_loop().call_soon(self.send)

    def close(self) -> None:
        """Close the connection when what was written has been sent."""
        if self._transport is not None:
            self._transport.close()


class AsyncServer:
    """The connection, its tasks, and the end of the process. All but `watch` runs on the event loop."""

    def __init__(self, handler: Handler, settings: Settings, listener: Listener, running: Running) -> None:
        self._handler = handler
        self._settings = settings
        self._listener = listener
        self._running = running
        self._waiting: deque[Job] = deque()
        self._tasks: dict[Job, asyncio.Task[None]] = {}
        self._timed_out: set[Job] = set()
        self._opening: set[asyncio.Task[object]] = set()
        self._peer: Peer | None = None
        self._draining = False
        self._last_event = monotonic()

    async def serve(self) -> None:
        """Serve until a drain was asked for and is done."""
        loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._stop)
        in_child(self._forget)
        self._listener.open()
        loop.add_reader(self._listener.fileno(), self._accept)
        while not self._is_over():
            self._changed.clear()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _TICK_SECONDS if self._draining else None)
        loop.remove_reader(self._listener.fileno())
        if self._peer is not None:
            self._peer.close()

    def heard(self, peer: Peer) -> None:
        """Note that frames have come."""
        self._last_event = monotonic()
        if peer.session.draining and not self._draining:
            self._draining = True
            self._changed.set()

    def lost(self, peer: Peer) -> None:
        """Give up the jobs of a peer that is gone."""
        log.info("the sidecar has gone; %d requests are given up", peer.session.outstanding)
        self._abandon(peer)
        if self._peer is peer:
            self._peer = None
        self._changed.set()

    def watch(self) -> None:
        """End the process where a task does not end after its timeout; runs on a thread of its own."""
        while True:
            sleep(_TICK_SECONDS)
            jobs = overdue(self._running.jobs, _GRACE_SECONDS)
            if jobs:
                self._leave(jobs)

    def _leave(self, jobs: list[Job]) -> None:
        peer = self._peer
        report_overdue(jobs, peer.session if peer else None)
        if peer is not None:
            with suppress(OSError):  # the loop may be stuck, so the transport can't be asked
                peer.socket.send(peer.session.take())
        self._listener.close()
        leave_overdue()

    def _accept(self) -> None:
        connection = self._listener.accept()
        if connection is None:
            return
        if self._peer is not None:
            log.info("a new connection replaces the one before")
            self._abandon(self._peer)
            self._peer.close()
        peer = Peer(self, connection, Session(self._settings, self._submit, self._cancel))
        self._peer = peer
        if self._draining:
            peer.session.drain()
        loop = asyncio.get_running_loop()
        task: asyncio.Task[object] = loop.create_task(loop.connect_accepted_socket(lambda: peer, connection))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        log.info("the sidecar has connected")

    def _abandon(self, peer: Peer) -> None:
        self._running.hide(peer.session)
        peer.session.abandon()
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
                self._tasks[job] = asyncio.get_running_loop().create_task(self._run(job))

    def _cancel(self, job: Job) -> None:
        self._tasks[job].cancel()

    def _expire(self, job: Job) -> None:
        """End a job that is past its deadline, and look again later where it got more time since."""
        if job not in self._tasks:
            return
        left = job.deadline - monotonic()
        if left <= 0:
            self._timed_out.add(job)
            self._tasks[job].cancel()
        else:
            asyncio.get_running_loop().call_later(min(left, job.timeout), self._expire, job)

    async def _run(self, job: Job) -> None:
        if not job.cancelled:
            self._running.add(job)
            if job.timeout:
                timer = asyncio.get_running_loop().call_later(job.timeout, self._expire, job)
            await self._call(job)
            self._running.discard(job)
            if job.timeout:
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
                job.pause()
                try:
                    await peer.writable.wait()
                finally:
                    job.resume()

        try:
            argument = self._handler.argument(job.meta, job.payload)
            for item in await self._handler.results_to(emit, argument):
                session.item(job, item)
        except BaseException as error:
            failed = InvocationError.of(error)
            if job.cancelled:
                failed = cancelled()
            elif job in self._timed_out:
                failed = timed_out(job)
            log.warning("%s failed: %s", job, failed.summary())
            session.fail(job, failed)
        else:
            session.end(job, (monotonic_ns() - began) // 1000)

    def _is_over(self) -> bool:
        if not self._draining or self._tasks or self._waiting:
            return False
        return self._peer is None or monotonic() - self._last_event >= QUIET_SECONDS

    def _stop(self) -> None:
        for number in STOP_SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)
        leave_at_signal()
        self._draining = True
        if self._peer is not None:
            self._peer.session.drain()
            self._peer.send_soon()
        self._changed.set()

    def _forget(self) -> None:
        self._listener.forget()
        if self._peer is not None:
            self._peer.socket.close()
