"""Keeps a connection served while the main thread runs a slow handler."""

from __future__ import annotations

from threading import Event, Thread
from time import sleep

from asya_runtime.front import TICK_SECONDS, Front

_SLOW_SECONDS = 0.02  # a handler that runs longer has the keeper attend to the socket


class Keeper:
    """Attends to the socket while a slow handler keeps the main thread busy.

    So results that wait to be sent go out, and PING, CANCEL and new connections are answered, while a handler runs. It
    sleeps while none does, looks every 20 ms while some do, and waits on the socket once one takes longer.
    """

    def __init__(self, front: Front) -> None:
        self._front = front
        self._job: object = None
        self._asleep = False
        self._bell = Event()
        Thread(target=self._keep, name="asya-keeper", daemon=True).start()

    def begin(self, job: object) -> None:
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
            self._front.wake()  # the main thread may wait for what has been taken in here

    def _sleep(self) -> None:
        self._asleep = True
        if self._job is None:  # else it has begun meanwhile, and has not seen that this thread sleeps
            self._bell.wait()
        self._bell.clear()
        self._asleep = False
