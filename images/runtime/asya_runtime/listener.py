"""The listening socket with the file that says ready; the supervisor owns both."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

from asya_runtime.errors import EXIT_SOCKET, StartError
from asya_runtime.slots import not_made, put

SOCKET_NAME = "asya-runtime.sock"
READY_NAME = "runtime-ready"

_MODE = 0o660
_BACKLOG = 16
_ADDRESS_MAX = 107  # sun_path has 108 bytes, the last of them zero
_FD_FOLDER = "/proc/self/fd"


def address(folder_fd: int, folder: str, name: str) -> str:
    """Return an address for `name` in `folder` that fits into a socket address; raise StartError where none does.

    A path that is too long is reached through the open folder `folder_fd`.
    """
    path = os.path.join(folder, name)
    if len(os.fsencode(path)) <= _ADDRESS_MAX:
        return path
    if os.path.isdir(_FD_FOLDER):
        return f"{_FD_FOLDER}/{folder_fd}/{name}"
    sentence = f"the path {path} is longer than {_ADDRESS_MAX} bytes; set ASYA_SOCKET_DIR to a shorter one"
    raise StartError("socket_path_too_long", sentence, exit_code=EXIT_SOCKET)


def remove_stale(folder: str) -> None:
    """Remove what an earlier run left, so that nobody takes this one for ready before it is."""
    for name in (READY_NAME, SOCKET_NAME):
        with suppress(OSError):  # what can't be removed is told when the socket is made
            os.unlink(os.path.join(folder, name))


class Listener:
    """The socket in `folder`, and the file beside it that says that it is there; `close` removes both."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._files: list[tuple[str, int]] = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        try:
            self._open()
        except OSError as error:
            self.close()
            raise not_made(SOCKET_NAME, folder, error) from error

    def _open(self) -> None:
        """Have the socket appear listening and with its final mode, then the ready file."""
        folder_fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            temporary = f".asya-{os.urandom(4).hex()}"
            self.socket.bind(address(folder_fd, self._folder, temporary))
            os.chmod(temporary, _MODE, dir_fd=folder_fd)
            self.socket.listen(_BACKLOG)
            self._remember(SOCKET_NAME, os.stat(temporary, dir_fd=folder_fd))
            os.rename(temporary, SOCKET_NAME, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
        finally:
            with suppress(FileNotFoundError):  # it is still there where something failed
                os.unlink(temporary, dir_fd=folder_fd)
            os.close(folder_fd)
        ready = put(os.path.join(self._folder, READY_NAME), b"ready\n")
        self._remember(READY_NAME, os.fstat(ready))
        os.close(ready)

    def _remember(self, name: str, status: os.stat_result) -> None:
        """Note which file is ours, whatever has its name later: another runtime may take it away."""
        self._files.append((os.path.join(self._folder, name), status.st_ino))

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self.socket.fileno()

    def accept(self) -> socket.socket | None:
        """Return a new connection, or None where there is none after all."""
        try:
            return self.socket.accept()[0]
        except OSError:
            return None

    @property
    def is_there(self) -> bool:
        """Whether both files still have their names, be they ours or those of another runtime."""
        return all(os.path.lexists(path) for path, _ in self._files)

    def close(self) -> None:
        """Stop listening and remove both files, unless another runtime has put its own there."""
        self.socket.close()
        for path, inode in self._files:
            with suppress(OSError):
                if os.stat(path).st_ino == inode:
                    os.unlink(path)
