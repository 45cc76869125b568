"""Serves coroutines and async generators as tasks on one event loop."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from time import monotonic

from asya_runtime.batch_tasks import BatchTasks
from asya_runtime.channel import Channel
from asya_runtime.console import log
from asya_runtime.descriptors import NOT_OURS, lift
from asya_runtime.front import QUIET_SECONDS, TICK_SECONDS
from asya_runtime.handler import Handler
from asya_runtime.peer import Peer
from asya_runtime.running import Running
from asya_runtime.session import Session
from asya_runtime.settings import Settings
from asya_runtime.slots import Slots
from asya_runtime.tasks import Tasks
from asya_runtime.worker_process import ALIVE, ASK, DRAIN, DRAINING, READY, SERVED

_GRACE_NS = 5 * 10**9  # for a task to end after it was told that it is past its timeout


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
    """The connection, its tasks, and the end of the process. All of it runs on the event loop.

    `is_child`: this process is one that the handler has forked.
    """

    def __init__(self, handler: Handler, settings: Settings, channel: Channel, running: Running) -> None:
        self._handler = handler
        self._settings = settings
        self._channel = channel
        self._running = running
        self._opening: set[asyncio.Task[object]] = set()
        self.peer: Peer | None = None
        self._draining = False
        self.is_child = False
        self._last_event = monotonic()

    async def serve(self) -> None:
        """Serve until a drain was asked for and is done."""
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        kind = BatchTasks if self._handler.batched else Tasks
        self._tasks: Tasks | BatchTasks = kind(self, self._handler, self._settings, self._running)
        os.register_at_fork(after_in_child=self._forget)
        self._loop.add_reader(self._channel.fileno(), self._hear)
        self._channel.tell(READY)
        while not self._is_over():
            self._changed.clear()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait(), TICK_SECONDS if self._draining else None)
        self._loop.remove_reader(self._channel.fileno())
        if self.peer is not None:
            self.peer.close()

    def heard(self, peer: Peer) -> None:
        """Note that frames have come."""
        self._last_event = monotonic()
        if peer.session.draining and not self._draining:
            self._channel.tell(DRAINING)
            self._begin_to_drain()

    def lost(self, peer: Peer, error: Exception | None) -> None:
        """Give up the jobs of a peer that is gone."""
        if self.is_child:
            return
        if isinstance(error, OSError) and error.errno in NOT_OURS:
            self._channel.fail(error)
        log.info("the sidecar has gone; %d requests are given up", peer.session.outstanding)
        for descriptor in peer.descriptors:
            self._channel.release(descriptor)
        self._abandon(peer)
        if self.peer is peer:
            self.peer = None
        self._changed.set()

    def suspect(self, error: BaseException) -> None:
        """Look, where a handler has failed, whether it was another's doing."""
        self._channel.suspect(error)

    def came_back(self) -> None:
        """Look what the handler has done to the process; in a careful worker, whether it closed what we wait with."""
        if self.is_child:  # it has forked, and this is the copy: it must not answer
            os._exit(0)
        self._channel.check()
        if self._channel.is_careful:
            try:
                self._loop.remove_reader(self._channel.fileno())
                self._loop.add_reader(self._channel.fileno(), self._hear)
            except OSError as error:
                self._channel.fail(error)

    def answered(self) -> None:
        """Send what there is to send, since a task has ended or answered."""
        self._last_event = monotonic()
        if self.peer is not None:
            self.peer.send_soon()
        if self._draining:
            self._changed.set()

    def _hear(self) -> None:
        message, connection = self._channel.receive()
        if connection is not None:
            self._greet(connection)
        elif message == DRAIN:
            self._drain()
        elif message == ASK:
            self._channel.tell(ALIVE)

    def _greet(self, connection: socket.socket) -> None:
        if self.peer is not None:
            log.info("a new connection replaces the one before")
            self._abandon(self.peer)
            self.peer.close()
        loops = socket.socket(fileno=lift(os.dup(connection.fileno())))
        peer = Peer(self, connection, Session(self._settings, self._tasks.submit, self._tasks.cancel))
        peer.descriptors = (connection.fileno(), loops.fileno())
        for descriptor in peer.descriptors:
            self._channel.keep(descriptor)
        self.peer = peer
        if self._draining:
            peer.session.drain()
        task: asyncio.Task[object] = self._loop.create_task(self._loop.connect_accepted_socket(lambda: peer, loops))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        log.info("the sidecar has connected")

    def _abandon(self, peer: Peer) -> None:
        self._running.abandon(peer.session)
        self._tasks.abandon(peer.session)

    def _is_over(self) -> bool:
        if not self._draining or not self._tasks.is_idle:
            return False
        return self.peer is None or monotonic() - self._last_event >= QUIET_SECONDS

    def _drain(self) -> None:
        if self.peer is not None:
            self.peer.session.drain()
            self.peer.send_soon()
        self._begin_to_drain()

    def _begin_to_drain(self) -> None:
        self._draining = True
        self._tasks.hurry()
        self._changed.set()

    def _forget(self) -> None:
        """Give up, in a child that user code has forked, all that belongs to this process.

        Where the child comes back to the loop, which shares its descriptors with ours, it ends.
        """
        self.is_child = True
        self._running.detach()
        self._channel.forget()
        if self.peer is not None:
            self.peer.hide()
            self.peer = None
        self._loop.call_soon(os._exit, 0)
