

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from asya_runtime.console import log
from asya_runtime.errors import StartError
from asya_runtime.listener import Listener

_MOST_CONNECTIONS = 64
_LOOK_SECONDS = 1.0
_OVER = select.POLLHUP | select.POLLERR | select.POLLNVAL


class Door:





    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._listener: Listener | None = None
        self._kept: dict[int, socket.socket] = {}
        self._looked_at = 0.0

    def open(self) -> None:

        if self._listener is None:
            self._listener = Listener(self._folder)
            self._looked_at = monotonic()

    def register(self, poll: select.poll) -> None:

        if self._listener is not None and monotonic() - self._looked_at >= _LOOK_SECONDS:
            self._look(self._listener)
        if self._listener is not None:
            poll.register(self._listener, select.POLLIN)
        for descriptor in self._kept:
            poll.register(descriptor, 0)

    def attend(self, descriptor: int, event: int, give: Callable[[int], bool]) -> None:

        if self._listener is not None and descriptor == self._listener.fileno():
            self._accept(self._listener, give)
        elif event & _OVER and descriptor in self._kept:
            self._kept.pop(descriptor).close()

    def _accept(self, listener: Listener, give: Callable[[int], bool]) -> None:
        connection = listener.accept()
        if connection is None:
            return
        if len(self._kept) < _MOST_CONNECTIONS and give(connection.fileno()):
            self._kept[connection.fileno()] = connection
        else:
            connection.close()

    def _look(self, listener: Listener) -> None:

        self._looked_at = monotonic()
        if listener.is_there:
            return
        try:
            self._listener = Listener(self._folder)
        except StartError as error:
            log.error("%s", error.message)
        else:
            listener.socket.close()
            log.warning("the socket was removed, so it was made again")

    def close(self) -> None:

        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def hang_up(self) -> None:

        for connection in self._kept.values():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
                while connection.recv(65536, socket.MSG_DONTWAIT):
                    pass
            connection.close()
        self._kept.clear()
