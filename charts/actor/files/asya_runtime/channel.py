

from __future__ import annotations

import os
import socket
import struct
from time import monotonic
from typing import NoReturn

from asya_runtime.console import log
from asya_runtime.descriptors import lift
from asya_runtime.errors import EXIT_DESCRIPTORS
from asya_runtime.worker_process import CONNECTION, Post

_LONGEST_MESSAGE = 16
_CAREFUL_SECONDS = 60.0
_INT = struct.Struct("i")
_CONTROL_BYTES = socket.CMSG_SPACE(_INT.size)
_STREAMS = (1, 2)
_FLAGS = socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC


class Channel:


    def __init__(self, post: Post) -> None:
        self._socket = socket.socket(fileno=lift(post.channel.detach()))
        self._slots = post.slots
        self.is_careful = post.careful
        self._careful_until = monotonic() + _CAREFUL_SECONDS
        self._ours: dict[int, int] = {}
        self._streams = [descriptor for descriptor in _STREAMS if _is(descriptor)]
        self.keep(self._socket.fileno())

    def fileno(self) -> int:

        return self._socket.fileno()

    def keep(self, descriptor: int) -> None:

        self._ours[descriptor] = os.fstat(descriptor).st_ino

    def release(self, descriptor: int) -> None:

        self._ours.pop(descriptor, None)

    def tell(self, message: bytes) -> None:

        try:
            self._socket.send(message, socket.MSG_NOSIGNAL)
        except OSError as error:
            self.fail(error)

    def receive(self) -> tuple[bytes, socket.socket | None]:

        try:
            message, control, _, _ = self._socket.recvmsg(_LONGEST_MESSAGE, _CONTROL_BYTES, _FLAGS)
        except BlockingIOError:
            return b"nothing", None
        except OSError as error:
            self.fail(error)
        if not message:
            os._exit(1)
        if message != CONNECTION:
            return message, None
        if not control:
            self.fail(OSError("there is no room for another"))
        (descriptor,) = _INT.unpack(control[0][2])
        return message, socket.socket(fileno=lift(descriptor))

    def check(self) -> None:




        if self.is_careful:
            self.is_careful = monotonic() < self._careful_until
            for descriptor, inode in list(self._ours.items()):
                if not _is(descriptor, inode) and descriptor in self._ours:
                    self.fail(OSError(f"number {descriptor} is gone"))
            self._check_streams()

    def suspect(self, error: BaseException) -> None:

        if isinstance(error, (OSError, ValueError)):
            self._check_streams()

    def _check_streams(self) -> None:

        for descriptor in self._streams:
            if not _is(descriptor):
                self.fail(OSError(f"number {descriptor} is gone"))

    def fail(self, error: OSError) -> NoReturn:





        log.error("descriptors of the runtime were closed (%s); the process ends", error)
        if not self.is_careful:
            self._slots.clear()
        os._exit(EXIT_DESCRIPTORS)

    def forget(self) -> None:

        self._socket.close()


def _is(descriptor: int, inode: int | None = None) -> bool:

    try:
        return inode in (None, os.fstat(descriptor).st_ino)
    except OSError:
        return False
