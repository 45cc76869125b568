"""The socket's side of a server that is not async: its connection, what runs for it, and the end of the process."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Lock
from time import monotonic, monotonic_ns

from asya_runtime.batch_call import BatchCall
from asya_runtime.batching import Outcome
from asya_runtime.channel import Channel
from asya_runtime.connection import Connection
from asya_runtime.console import log
from asya_runtime.descriptors import lift
from asya_runtime.errors import InvocationError
from asya_runtime.frames import FrameError
from asya_runtime.handler import Handler
from asya_runtime.running import Running
from asya_runtime.session import Job, Session
from asya_runtime.settings import Settings
from asya_runtime.worker_process import ALIVE, ASK, DRAIN, DRAINING

TICK_SECONDS = 1.0
_BLOCKED_SECONDS = 0.05  # another thread may be faster to send, or to hear of a CANCEL
QUIET_SECONDS = 1.0  # a drain is over when nothing is outstanding and no frame has come for so long


class Front:
    """The sidecar's connection and the supervisor's channel, attended to by any thread that has nothing else to do.

    `submit` takes each new job. The lock is held while somebody reads or writes the socket, never while a handler runs,
    and never while the sidecar is waited for.
    """

    def __init__(self, settings: Settings, channel: Channel, running: Running, submit: Callable[[Job], None]) -> None:
        self._settings = settings
        self._channel = channel
        self._running = running
        self._submit = submit
        self._connection: Connection | None = None
        self._lock = Lock()
        self._wake_reader, self._wake_writer = (socket.socket(fileno=lift(end.detach())) for end in socket.socketpair())
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self._stopping = False
        self._draining = False
        self._is_child = False
        self._last_event = monotonic()
        self.attended_ns = monotonic_ns()
        os.register_at_fork(after_in_child=self._forget)

    def run(self, handler: Handler, job: Job) -> None:
        """Call the handler for `job` and put its answer into the job's session."""
        session = job.session
        began = monotonic_ns()
        self._running.add(job, began, job.timeout_ns)
        try:
            items = handler.results(handler.argument(job.meta, job.payload))
            lazy = isinstance(items, Iterator)
            for item in items:
                if not session.item(job, item) or self._is_child:
                    break
                if lazy:  # what a generator yielded does not wait for what it does next
                    self.hand_over(job)
        except BaseException as error:
            failed = InvocationError.of(error)
            if not self._is_child:
                self._channel.suspect(error)
                log.warning("%s failed: %s", job, failed.summary())
            session.fail(job, failed)
        else:
            session.end(job, (monotonic_ns() - began) // 1000)
        self._come_back()
        self._running.discard(job)

    def run_batch(self, handler: Handler, call: BatchCall) -> None:
        """Call the handler for several jobs, and once more for each of them where that fails; send each answer."""
        arguments = call.begin()
        if arguments:
            result: list[Outcome] | InvocationError
            try:
                result = handler.batch(arguments)
            except BaseException as error:
                self._channel.suspect(error)
                result = InvocationError.of(error)
            self._come_back()
            call.end(result)
        self.send()
        for single in call.again:
            self.run_batch(handler, single)

    def _come_back(self) -> None:
        """Look what the handler has done to the process."""
        if self._is_child:  # it has forked, and this is the copy: it must not answer
            os._exit(0)
        self._channel.check()
        self._last_event = monotonic()

    def attend(self, timeout: float | None) -> None:
        """Send what there is to send, wait up to `timeout` seconds for something to do, and do it."""
        self.send()
        connection = self._connection
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        poll.register(self._wake_reader, select.POLLIN)
        if connection is not None:
            poll.register(connection, select.POLLIN | (select.POLLOUT if connection.unsent else 0))
        try:
            ready = dict(poll.poll(None if timeout is None else timeout * 1000))
        except OSError as error:
            self._channel.fail(error)
        with self._lock:
            self._take_in(ready, connection)
            self._send()
        self.attended_ns = monotonic_ns()

    def send(self) -> None:
        """Send what there is to send, as far as the sidecar takes it now."""
        with self._lock:
            self._send()

    def hand_over(self, job: Job | None = None) -> None:
        """Send what there is to send, and wait while the sidecar does not take it; the clock of `job` stands still."""
        self.send()
        if not self.is_blocked:
            return
        if job is not None:
            self._running.pause(job)
        while self.is_blocked and not (job is not None and job.cancelled):
            self.attend(_BLOCKED_SECONDS)
        if job is not None:
            self._running.resume(job)

    @property
    def is_blocked(self) -> bool:
        """Whether the sidecar does not take what was sent to it."""
        connection = self._connection
        return connection is not None and len(connection.unsent) > 0

    @property
    def is_draining(self) -> bool:
        """Whether nothing more is to come."""
        return self._draining

    def wake(self) -> None:
        """End the wait of another thread in `attend`."""
        with suppress(OSError):
            self._wake_writer.send(b"\0")

    def patience(self) -> float | None:
        """Return how long `attend` may wait: for ever where nobody has asked to drain."""
        return TICK_SECONDS if self._draining else None

    def is_over(self) -> bool:
        """Say whether a drain was asked for and is done."""
        connection = self._connection
        if not self._draining or self._running.jobs or self.is_blocked:
            return False
        if connection is None:
            return True
        return not connection.session.outstanding and monotonic() - self._last_event >= QUIET_SECONDS

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._drop(self._connection)

    def _take_in(self, ready: dict[int, int], connection: Connection | None) -> None:
        if self._wake_reader.fileno() in ready:
            try:
                self._wake_reader.recv(4096)
            except BlockingIOError:  # another thread was faster
                pass
            except OSError as error:
                self._channel.fail(error)
        if self._channel.fileno() in ready:
            self._hear()
        if connection is None or connection is not self._connection:
            return
        if ready.get(connection.fileno(), 0) & ~select.POLLOUT:
            self._read(connection)

    def _hear(self) -> None:
        message, peer = self._channel.receive()
        if peer is not None:
            self._greet(peer)
        elif message == DRAIN:
            self._stopping = self._draining = True
        elif message == ASK:
            self._channel.tell(ALIVE)

    def _greet(self, peer: socket.socket) -> None:
        if self._connection is not None:
            log.info("a new connection replaces the one before")
            self._let_go(self._connection)
        self._connection = Connection(peer, Session(self._settings, self._submit, _let_run))
        self._channel.keep(peer.fileno())
        log.info("the sidecar has connected")

    def _read(self, connection: Connection) -> None:
        self._last_event = monotonic()
        try:
            alive = connection.read()
        except FrameError as error:
            log.error("the sidecar broke the protocol, so the connection is closed: %s", error)
            alive = False
        except OSError as error:
            self._channel.fail(error)
        if connection.session.draining and not self._draining:
            self._draining = True
            self._channel.tell(DRAINING)
        if not alive:
            self._drop(connection)

    def _send(self) -> None:
        connection = self._connection
        if connection is None:
            return
        if self._stopping:
            connection.session.drain()
        try:
            alive = connection.flush()
        except OSError as error:
            self._channel.fail(error)
        if not alive:
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        log.info("the sidecar has gone; %d requests are given up", connection.session.outstanding)
        self._connection = None
        self._let_go(connection)

    def _let_go(self, connection: Connection) -> None:
        self._channel.release(connection.fileno())
        self._running.abandon(connection.session)
        connection.close()

    def _forget(self) -> None:
        """Give up, in a child that user code has forked, all that belongs to this process."""
        self._is_child = True
        self._lock = Lock()  # another thread may have held it
        self._running.detach()
        self._channel.forget()
        if self._connection is not None:
            self._connection.socket.close()
            self._connection = None


def _let_run(_job: Job) -> None:
    """Leave a cancelled job alone: a thread can't be ended, and the session discards its result."""
