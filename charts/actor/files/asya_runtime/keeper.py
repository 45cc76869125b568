

from __future__ import annotations

from threading import Event, Thread
from time import sleep

from asya_runtime.front import TICK_SECONDS, Front

_SLOW_SECONDS = 0.02


class Keeper:






    def __init__(self, front: Front) -> None:
        self._front = front
        self._job: object = None
        self._asleep = False
        self._bell = Event()
        Thread(target=self._keep, name="asya-keeper", daemon=True).start()

    def begin(self, job: object) -> None:

        self._job = job
        if self._asleep:
            self._asleep = False
            self._bell.set()

    def end(self) -> None:

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
        if self._job is None:
            self._bell.wait()
        self._bell.clear()
        self._asleep = False
