

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
_ADDRESS_MAX = 107
_FD_FOLDER = "/proc/self/fd"


def address(folder_fd: int, folder: str, name: str) -> str:




    path = os.path.join(folder, name)
    if len(os.fsencode(path)) <= _ADDRESS_MAX:
        return path
    if os.path.isdir(_FD_FOLDER):
        return f"{_FD_FOLDER}/{folder_fd}/{name}"
    sentence = f"the path {path} is longer than {_ADDRESS_MAX} bytes; set ASYA_SOCKET_DIR to a shorter one"
    raise StartError("socket_path_too_long", sentence, exit_code=EXIT_SOCKET)


def remove_stale(folder: str) -> None:

    for name in (READY_NAME, SOCKET_NAME):
        with suppress(OSError):
            os.unlink(os.path.join(folder, name))


class Listener:


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

        folder_fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            temporary = f".asya-{os.urandom(4).hex()}"
            self.socket.bind(address(folder_fd, self._folder, temporary))
            os.chmod(temporary, _MODE, dir_fd=folder_fd)
            self.socket.listen(_BACKLOG)
            self._remember(SOCKET_NAME, os.stat(temporary, dir_fd=folder_fd))
            os.rename(temporary, SOCKET_NAME, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder_fd)
            os.close(folder_fd)
        ready = put(os.path.join(self._folder, READY_NAME), b"ready\n")
        self._remember(READY_NAME, os.fstat(ready))
        os.close(ready)

    def _remember(self, name: str, status: os.stat_result) -> None:

        self._files.append((os.path.join(self._folder, name), status.st_ino))

    def fileno(self) -> int:

        return self.socket.fileno()

    def accept(self) -> socket.socket | None:

        try:
            return self.socket.accept()[0]
        except OSError:
            return None

    @property
    def is_there(self) -> bool:

        return all(os.path.lexists(path) for path, _ in self._files)

    def close(self) -> None:

        self.socket.close()
        for path, inode in self._files:
            with suppress(OSError):
                if os.stat(path).st_ino == inode:
                    os.unlink(path)
