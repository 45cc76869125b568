"""Serves handlers that are not async: one at a time on the main thread, or several on threads of their own."""

from __future__ import annotations

import logging
import select
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import SimpleQueue
from socket import socketpair
from threading import Event, Lock, Thread
from time import monotonic, monotonic_ns, sleep

from asya_runtime.connection import Connection, Listener
from asya_runtime.errors import InvocationError
from asya_runtime.frames import FrameError
from asya_runtime.handler import Handler
from asya_runtime.lifetime import QUIET_SECONDS, Running, in_child, leave_overdue, on_stop, overdue, report_overdue
from asya_runtime.session import Job, Session
from asya_runtime.settings import Settings

log = logging.getLogger("asya_runtime")

_TICK_SECONDS = 1.0  # how late a timeout may be noticed
_SLOW_SECONDS = 0.02  # a handler that runs longer has the keeper attend to the socket
_TURN_NS = 2_000_000  # handlers that are faster have the socket attended to between them only so often


def serve(handler: Handler, settings: Settings, listener: Listener, running: Running) -> None:
    """Listen, and answer the sidecar until the drain is over; raise StartError where the socket can't be made."""
    if settings.concurrency == 1:
        _serve_one(handler, settings, listener, running)
    else:
        _serve_many(handler, settings, listener, running)


def _serve_one(handler: Handler, settings: Settings, listener: Listener, running: Running) -> None:
    waiting: deque[Job] = deque()
    front = Front(settings, listener, running, waiting.append)
    keeper = Keeper(front)
    listener.open()
    while not front.is_over():
        if not waiting:
            front.attend(front.patience())
            continue
        job = waiting.popleft()
        if job.cancelled:
            continue
        keeper.begin(job)
        front.run(handler, job)
        keeper.end()
        if monotonic_ns() - front.attended_ns > _TURN_NS:
            front.attend(0)


def _serve_many(handler: Handler, settings: Settings, listener: Listener, running: Running) -> None:
    waiting: SimpleQueue[Job] = SimpleQueue()
    front = Front(settings, listener, running, waiting.put)

    def work() -> None:
        while True:
            job = waiting.get()
            if not job.cancelled:
                front.run(handler, job)
                front.send()

    for number in range(settings.concurrency):
        Thread(target=work, name=f"asya-handler-{number}", daemon=True).start()
    listener.open()
    while not front.is_over():
        front.attend(front.patience())


class Front:
    """The socket's side of the server: its connection, what runs for it, and the end of the process.

    `submit` takes each new job. The lock is held while somebody reads or writes the socket, never while a handler runs.
    """

    def __init__(self, settings: Settings, listener: Listener, running: Running, submit: Callable[[Job], None]) -> None:
        self._settings = settings
        self._listener = listener
        self._submit = submit
        self._connection: Connection | None = None
        self._running = running
        self._lock = Lock()
        self._wake_reader, self._wake_writer = socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self._stopping = False
        self._draining = False
        self._last_event = monotonic()
        self.attended_ns = monotonic_ns()
        on_stop(self._stop, self._wake_writer.fileno())
        in_child(self._forget)
        Thread(target=self._watch, name="asya-watch", daemon=True).start()

    def run(self, handler: Handler, job: Job) -> None:
        """Call the handler for `job` and put its answer into the job's session."""
        session = job.session
        self._running.add(job)
        began = monotonic_ns()
        try:
            items = handler.results(handler.argument(job.meta, job.payload))
            lazy = isinstance(items, Iterator)
            for item in items:
                if not session.item(job, item):
                    break
                if lazy:  # what a generator yielded does not wait for what it does next
                    job.pause()
                    self.send()
                    job.resume()
        except BaseException as error:
            failed = InvocationError.of(error)
            log.warning("%s failed: %s", job, failed.summary())
            session.fail(job, failed)
        else:
            session.end(job, (monotonic_ns() - began) // 1000)
        self._running.discard(job)
        self._last_event = monotonic()

    def attend(self, timeout: float | None) -> None:
        """Send what there is to send, wait up to `timeout` seconds for the socket, and take what has come."""
        self.send()
        connection = self._connection
        waited = [self._listener.fileno(), self._wake_reader.fileno()]
        if connection is not None:
            waited.append(connection.fileno())
        poll = select.poll()
        for descriptor in waited:
            poll.register(descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(None if timeout is None else timeout * 1000)}
        with self._lock:
            self._take_in(ready, connection)
            self._send()
        self.attended_ns = monotonic_ns()

    def send(self) -> None:
        """Send what there is to send."""
        with self._lock:
            self._send()

    def wake(self) -> None:
        """End the wait of another thread in `attend`."""
        with suppress(OSError):
            self._wake_writer.send(b"\0")

    def patience(self) -> float | None:
        """Return how long `attend` may wait: for ever where nobody has asked to drain."""
        return _TICK_SECONDS if self._draining else None

    def is_over(self) -> bool:
        """Say whether a drain was asked for and is done."""
        if not self._draining or self._running.jobs or self._outstanding():
            return False
        return self._connection is None or monotonic() - self._last_event >= QUIET_SECONDS

    def _watch(self) -> None:
        """End the process where a handler is past its timeout: a thread can't be ended alone.

        On a thread of its own, since the others may hold the lock, or wait for it, while the sidecar does not read.
        """
        while True:
            sleep(_TICK_SECONDS)
            jobs = overdue(self._running.jobs)
            if jobs:
                self._leave(jobs)

    def _leave(self, jobs: list[Job]) -> None:
        """Tell the sidecar, unless it does not read: then the file of what runs tells it all the same."""
        held = self._lock.acquire(timeout=_TICK_SECONDS)
        connection = self._connection
        report_overdue(jobs, connection.session if connection else None)
        if held and connection is not None:
            connection.socket.settimeout(_TICK_SECONDS)
            connection.flush()
        self._listener.close()
        leave_overdue()

    def _outstanding(self) -> int:
        connection = self._connection
        return connection.session.outstanding if connection else 0

    def _take_in(self, ready: set[int], connection: Connection | None) -> None:
        if self._wake_reader.fileno() in ready:
            with suppress(BlockingIOError):
                self._wake_reader.recv(4096)
        if self._listener.fileno() in ready:
            self._accept()
        if connection is not None and connection is self._connection and connection.fileno() in ready:
            self._read(connection)

    def _accept(self) -> None:
        peer = self._listener.accept()
        if peer is None:
            return
        if self._connection is not None:
            log.info("a new connection replaces the one before")
            self._running.hide(self._connection.session)
            self._connection.close()
        self._connection = Connection(peer, Session(self._settings, self._submit, _let_run))
        log.info("the sidecar has connected")

    def _read(self, connection: Connection) -> None:
        self._last_event = monotonic()
        try:
            alive = connection.read()
        except FrameError as error:
            log.error("the sidecar broke the protocol, so the connection is closed: %s", error)
            alive = False
        self._draining = self._draining or connection.session.draining
        if not alive:
            self._drop(connection)

    def _send(self) -> None:
        connection = self._connection
        if connection is None:
            return
        if self._stopping:
            connection.session.drain()
        if not connection.flush():
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        log.info("the sidecar has gone; %d requests are given up", connection.session.outstanding)
        self._running.hide(connection.session)
        connection.close()
        self._connection = None

    def _stop(self) -> None:
        """Begin to drain; called by a signal, so it takes no lock and leaves the sending to `attend`."""
        self._stopping = self._draining = True

    def _forget(self) -> None:
        self._listener.forget()
        if self._connection is not None:
            self._connection.socket.close()


class Keeper:
    """Attends to the socket while a slow handler keeps the main thread busy.

    So results that wait to be sent go out, and PING, CANCEL and new connections are answered, while a handler runs. It
    sleeps while none does, looks every 20 ms while some do, and waits on the socket once one takes longer.
    """

    def __init__(self, front: Front) -> None:
        self._front = front
        self._job: Job | None = None
        self._asleep = False
        self._bell = Event()
        Thread(target=self._keep, name="asya-keeper", daemon=True).start()

    def begin(self, job: Job) -> None:
        """Note that the handler runs for `job` from now on."""
        self._job = job
        if self._asleep:
            self._asleep = False
            self._bell.set()

    def end(self) -> None:
        """Note that no handler runs."""
        self._job = None

    def _keep(self) -> None:
        while True:
            job = self._job
            if job is None:
                self._sleep()
                continue
            sleep(_SLOW_SECONDS)
            while self._job is job:
                self._front.attend(_TICK_SECONDS)
                self._front.wake()

    def _sleep(self) -> None:
        self._asleep = True
        if self._job is None:  # else it has begun meanwhile, and has not seen that this thread sleeps
            self._bell.wait()
        self._bell.clear()
        self._asleep = False


def _let_run(_job: Job) -> None:
    """Leave a cancelled job alone: a thread can't be ended, and the session discards its result."""
