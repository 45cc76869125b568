

from __future__ import annotations

from threading import Condition, Lock, Thread
from time import monotonic

from asya_runtime.batch_call import BatchCall
from asya_runtime.channel import Channel
from asya_runtime.front import Front
from asya_runtime.gathering import Gathering
from asya_runtime.handler import Handler
from asya_runtime.keeper import Keeper
from asya_runtime.running import Running
from asya_runtime.session import Job
from asya_runtime.settings import Settings
from asya_runtime.worker_process import READY


def serve_batches(handler: Handler, settings: Settings, channel: Channel, running: Running) -> None:

    if settings.concurrency == 1:
        _serve_one(handler, settings, channel, running)
    else:
        _serve_many(handler, settings, channel, running)


def _serve_one(handler: Handler, settings: Settings, channel: Channel, running: Running) -> None:
    gathering = Gathering[Job](settings.batch_max_size, settings.batch_max_wait)
    front = Front(settings, channel, running, lambda job: gathering.add(job, monotonic()))
    keeper = Keeper(front)
    channel.tell(READY)
    while not front.is_over():
        if front.is_draining:
            gathering.hurry()
        left = None if front.is_blocked else gathering.left(monotonic())
        if left != 0:
            front.attend(front.patience() if left is None else left)
            continue
        if len(gathering) < settings.batch_max_size:
            front.attend(0)
        call = BatchCall(handler, running, gathering.take())
        keeper.begin(call)
        front.run_batch(handler, call)
        keeper.end()
        gathering.freed(monotonic())
    front.close()


def _serve_many(handler: Handler, settings: Settings, channel: Channel, running: Running) -> None:
    waiting = Waiting(settings)
    front = Front(settings, channel, running, waiting.put)

    def work() -> None:
        while True:
            front.run_batch(handler, BatchCall(handler, running, waiting.take()))
            front.hand_over()

    for number in range(settings.concurrency):
        Thread(target=work, name=f"asya-handler-{number}", daemon=True).start()
    channel.tell(READY)
    while not front.is_over():
        front.attend(front.patience())
        if front.is_draining:
            waiting.hurry()
    front.close()


class Waiting:


    def __init__(self, settings: Settings) -> None:
        self._gathering = Gathering[Job](settings.batch_max_size, settings.batch_max_wait)
        self._turn = Lock()
        self._changed = Condition(Lock())

    def put(self, job: Job) -> None:

        with self._changed:
            self._gathering.add(job, monotonic())
            self._changed.notify()

    def take(self) -> list[Job]:

        with self._turn, self._changed:
            self._gathering.freed(monotonic())
            while (left := self._gathering.left(monotonic())) != 0:
                self._changed.wait(left)
            return self._gathering.take()

    def hurry(self) -> None:

        with self._changed:
            self._gathering.hurry()
            self._changed.notify()
