"""The worker's line to its supervisor: connections and orders come in, signs of life go out."""

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
_STREAMS = (1, 2)  # stdout and stderr: without them nothing works that prints
_FLAGS = socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC  # which socket.recv_fds() would pass over in silence


class Channel:
    """The worker's end. The process ends where it finds that the supervisor has, or that its descriptors are gone."""

    def __init__(self, post: Post) -> None:
        self._socket = socket.socket(fileno=lift(post.channel.detach()))
        self._slots = post.slots
        self.is_careful = post.careful
        self._careful_until = monotonic() + _CAREFUL_SECONDS
        self._ours: dict[int, int] = {}
        self._streams = [descriptor for descriptor in _STREAMS if _is(descriptor)]
        self.keep(self._socket.fileno())

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._socket.fileno()

    def keep(self, descriptor: int) -> None:
        """Note one more descriptor that this process can't do without."""
        self._ours[descriptor] = os.fstat(descriptor).st_ino

    def release(self, descriptor: int) -> None:
        """Note that a descriptor is about to be closed."""
        self._ours.pop(descriptor, None)

    def tell(self, message: bytes) -> None:
        """Send one message to the supervisor."""
        try:
            self._socket.send(message, socket.MSG_NOSIGNAL)
        except OSError as error:
            self.fail(error)

    def receive(self) -> tuple[bytes, socket.socket | None]:
        """Take one message that is there, with the connection that came with it."""
        try:
            message, control, _, _ = self._socket.recvmsg(_LONGEST_MESSAGE, _CONTROL_BYTES, _FLAGS)
        except BlockingIOError:  # another thread has taken it
            return b"nothing", None
        except OSError as error:
            self.fail(error)
        if not message:
            os._exit(1)  # the supervisor has ended, and with it the runtime
        if message != CONNECTION:
            return message, None
        if not control:
            self.fail(OSError("there is no room for another"))
        (descriptor,) = _INT.unpack(control[0][2])
        return message, socket.socket(fileno=lift(descriptor))

    def check(self) -> None:
        """End the process where a descriptor is gone; called after every message by a worker that is careful.

        That it is for a minute, since looking takes time, too.
        """
        if self.is_careful:
            self.is_careful = monotonic() < self._careful_until
            for descriptor, inode in list(self._ours.items()):
                if not _is(descriptor, inode) and descriptor in self._ours:
                    self.fail(OSError(f"number {descriptor} is gone"))
            self._check_streams()

    def suspect(self, error: BaseException) -> None:
        """End the process where a handler may have failed because another one has closed stdout or stderr."""
        if isinstance(error, (OSError, ValueError)):
            self._check_streams()

    def _check_streams(self) -> None:
        """The user's code may put other files in their place, but not leave them closed."""
        for descriptor in self._streams:
            if not _is(descriptor):
                self.fail(OSError(f"number {descriptor} is gone"))

    def fail(self, error: OSError) -> NoReturn:
        """End the process: what it needs is closed. A careful worker ends right after who did it, so the note stands.

        Any other has found it late, maybe while another request runs. Nobody is charged then, and the next worker is
        careful.
        """
        log.error("descriptors of the runtime were closed (%s); the process ends", error)
        if not self.is_careful:
            self._slots.clear()
        os._exit(EXIT_DESCRIPTORS)

    def forget(self) -> None:
        """Close this end: a forked child must not hold it."""
        self._socket.close()


def _is(descriptor: int, inode: int | None = None) -> bool:
    """Say whether the descriptor is open, and, with `inode`, still for that file."""
    try:
        return inode in (None, os.fstat(descriptor).st_ino)
    except OSError:
        return False
