"""Serves handlers that are not async: one at a time on the main thread, or several on threads of their own."""

from __future__ import annotations

from collections import deque
from queue import SimpleQueue
from threading import Event, Thread
from time import monotonic_ns, sleep

from asya_runtime.channel import Channel
from asya_runtime.front import TICK_SECONDS, Front
from asya_runtime.handler import Handler
from asya_runtime.running import Running
from asya_runtime.session import Job
from asya_runtime.settings import Settings
from asya_runtime.slots import Slots
from asya_runtime.worker_process import READY, SERVED

_SLOW_SECONDS = 0.02  # a handler that runs longer has the keeper attend to the socket
_TURN_NS = 2_000_000  # handlers that are faster have the socket attended to between them only so often


def serve(handler: Handler, settings: Settings, channel: Channel, slots: Slots) -> None:
    """Answer the sidecar until the drain is over."""
    running = Running(slots, served=lambda: channel.tell(SERVED))
    if settings.concurrency == 1:
        _serve_one(handler, settings, channel, running)
    else:
        _serve_many(handler, settings, channel, running)


def _serve_one(handler: Handler, settings: Settings, channel: Channel, running: Running) -> None:
    waiting: deque[Job] = deque()
    front = Front(settings, channel, running, waiting.append)
    keeper = Keeper(front)
    channel.tell(READY)
    while not front.is_over():
        if not waiting or front.is_blocked:
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
    front.close()


def _serve_many(handler: Handler, settings: Settings, channel: Channel, running: Running) -> None:
    waiting: SimpleQueue[Job] = SimpleQueue()
    front = Front(settings, channel, running, waiting.put)

    def work() -> None:
        while True:
            job = waiting.get()
            if not job.cancelled:
                front.run(handler, job)
                front.hand_over()

    for number in range(settings.concurrency):
        Thread(target=work, name=f"asya-handler-{number}", daemon=True).start()
    channel.tell(READY)
    while not front.is_over():
        front.attend(front.patience())
    front.close()


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
                self._front.attend(TICK_SECONDS)
                self._front.wake()

    def _sleep(self) -> None:
        self._asleep = True
        if self._job is None:  # else it has begun meanwhile, and has not seen that this thread sleeps
            self._bell.wait()
        self._bell.clear()
        self._asleep = False
