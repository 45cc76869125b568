"""Serves coroutines and async generators as tasks on one event loop."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from threading import Thread
from time import monotonic, monotonic_ns, sleep

from asya_runtime.connection import Listener
from asya_runtime.errors import InvocationError
from asya_runtime.frames import FrameError
from asya_runtime.handler import Handler
from asya_runtime.running import Running
from asya_runtime.session import Job, Session
from asya_runtime.settings import Settings
from asya_runtime.shutdown import (
    QUIET_SECONDS,
    STOP_SIGNALS,
    in_child,
    leave_overdue,
    overdue,
    report_overdue,
    timed_out,
)

log = logging.getLogger("asya_runtime")

_TICK_SECONDS = 1.0
_GRACE_SECONDS = 5.0  # for a task to end after it was told that it is past its timeout


def serve(handler: Handler, settings: Settings, listener: Listener, running: Running) -> None:
    """Answer the sidecar until the drain is over."""
    if handler.loop is None:
        raise TypeError("this handler is not async")
    server = AsyncServer(handler, settings, listener, running)
    Thread(target=server.watch, name="asya-keeper", daemon=True).start()
    handler.loop.run_until_complete(server.serve())
    handler.loop.run_until_complete(handler.loop.shutdown_asyncgens())


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
        self._peer: Peer | None = None
        self._opening: set[asyncio.Task[object]] = set()
        self._draining = False
        self._last_event = monotonic()

    async def serve(self) -> None:
        """Serve until a drain was asked for and is done."""
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._loop.add_reader(self._listener.fileno(), self._accept)
        for number in STOP_SIGNALS:
            self._loop.add_signal_handler(number, self._stop)
        in_child(self._forget)
        while not self._is_over():
            self._changed.clear()
            await asyncio.wait({self._loop.create_task(self._changed.wait())}, timeout=self._patience())
        self._loop.remove_reader(self._listener.fileno())
