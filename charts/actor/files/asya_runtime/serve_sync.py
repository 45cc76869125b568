

from __future__ import annotations

from collections import deque
from queue import SimpleQueue
from threading import Thread
from time import monotonic_ns

from asya_runtime.channel import Channel
from asya_runtime.front import Front
from asya_runtime.handler import Handler
from asya_runtime.keeper import Keeper
from asya_runtime.running import Running
from asya_runtime.serve_batches import serve_batches
from asya_runtime.session import Job
from asya_runtime.settings import Settings
from asya_runtime.slots import Slots
from asya_runtime.worker_process import READY, SERVED

_TURN_NS = 2_000_000


def serve(handler: Handler, settings: Settings, channel: Channel, slots: Slots) -> None:

    running = Running(slots, served=lambda: channel.tell(SERVED))
    if handler.batched:
        serve_batches(handler, settings, channel, running)
    elif settings.concurrency == 1:
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
