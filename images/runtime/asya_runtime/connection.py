"""The listening socket with its two files, and the connection that is served."""

from __future__ import annotations

import logging
import os
import socket
from contextlib import suppress

from asya_runtime.errors import EXIT_SOCKET, StartError
from asya_runtime.session import Session

log = logging.getLogger("asya_runtime")

SOCKET_NAME = "asya-runtime.sock"
READY_NAME = "runtime-ready"

_MODE = 0o660
_BACKLOG = 16
_ADDRESS_MAX = 107  # sun_path has 108 bytes, the last of them zero
_FD_FOLDER = "/proc/self/fd"
_RECEIVE_BYTES = 256 * 1024


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


def not_made(name: str, folder: str, error: OSError) -> StartError:
    """Return the failure to make the file `name` in the socket's folder."""
    sentence = (
        f"{name} can't be made in {folder}: {error.strerror or error}; "
        f"ASYA_SOCKET_DIR must name a folder that user {os.getuid()} may write to"
    )
    return StartError("socket_not_made", sentence, exit_code=EXIT_SOCKET)


class Listener:
    """The socket in `folder`, once `open` has made it, and the file beside it that says that it is there."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._files: list[tuple[str, int]] = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.setblocking(False)

    def open(self) -> None:
        """Listen. The socket appears listening and with its final mode, then the ready file; raises StartError."""
        try:
            self._open()
        except OSError as error:
            self.close()
            raise not_made(SOCKET_NAME, self._folder, error) from error
        log.info("listening at %s", os.path.join(self._folder, SOCKET_NAME))

    def _open(self) -> None:
        folder_fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            temporary = f".asya-{os.getpid()}"
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder_fd)
            self.socket.bind(address(folder_fd, self._folder, temporary))
            os.chmod(temporary, _MODE, dir_fd=folder_fd)
            self.socket.listen(_BACKLOG)
            self._remember(SOCKET_NAME, os.stat(temporary, dir_fd=folder_fd))
            os.rename(temporary, SOCKET_NAME, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
        finally:
            with suppress(FileNotFoundError):  # it is still there where something failed
                os.unlink(temporary, dir_fd=folder_fd)
            os.close(folder_fd)
        path = os.path.join(self._folder, READY_NAME)
        temporary = f"{path}.{os.getpid()}"
        with open(temporary, "w", encoding="ascii") as ready:
            ready.write("ready\n")
            self._remember(READY_NAME, os.fstat(ready.fileno()))
        os.rename(temporary, path)

    def _remember(self, name: str, status: os.stat_result) -> None:
        """Note which file is ours, before it has its name: from then on another runtime may take it away."""
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

    def forget(self) -> None:
        """Close the socket without removing its files: a forked child must not hold it."""
        self.socket.close()

    def close(self) -> None:
        """Stop listening and remove both files, unless another runtime has put its own there."""
        self.socket.close()
        for path, inode in self._files:
            with suppress(OSError):
                if os.stat(path).st_ino == inode:
                    os.unlink(path)


class Connection:
    """A socket and its session, for servers that wait with poll(). Reading never blocks, writing does."""

    def __init__(self, peer: socket.socket, session: Session) -> None:
        self.socket = peer
        self.session = session
        self._descriptor = peer.fileno()
        self._view = memoryview(bytearray(_RECEIVE_BYTES))
        peer.setblocking(True)

    def fileno(self) -> int:
        """Return the descriptor to wait on; its number stays when another thread has closed the socket."""
        return self._descriptor

    def read(self) -> bool:
        """Feed what has come to the session; return False where the peer is gone. Raises FrameError."""
        try:
            size = self.socket.recv_into(self._view, 0, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if size:
            self.session.receive(bytes(self._view[:size]))
        return size > 0

    def flush(self) -> bool:
        """Send what the session has to say; return False where the peer is gone."""
        data = self.session.take()
        if not data:
            return True
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Close the socket; the session's jobs are given up."""
        self.session.abandon()
        self.socket.close()
