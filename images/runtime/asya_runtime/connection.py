"""One connection to the sidecar, for servers that wait with poll(). Neither reading nor writing ever waits."""

from __future__ import annotations

import socket
from contextlib import suppress

from asya_runtime.descriptors import NOT_OURS
from asya_runtime.session import Session

_RECEIVE_BYTES = 256 * 1024


class Connection:
    """A socket, its session, and what the sidecar has not taken yet."""

    def __init__(self, peer: socket.socket, session: Session) -> None:
        self.socket = peer
        self.session = session
        self.unsent = memoryview(b"")
        self._descriptor = peer.fileno()
        self._view = memoryview(bytearray(_RECEIVE_BYTES))

    def fileno(self) -> int:
        """Return the descriptor to wait on; its number stays when another thread has closed the socket."""
        return self._descriptor

    def read(self) -> bool:
        """Feed what has come to the session; return False where the peer is gone.

        Raises FrameError; OSError where the descriptor has been closed by somebody else.
        """
        try:
            size = self.socket.recv_into(self._view, 0, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError as error:
            if error.errno in NOT_OURS:
                raise
            return False
        if size:
            self.session.receive(bytes(self._view[:size]))
        return size > 0

    def flush(self) -> bool:
        """Send what the sidecar takes now; return False where it is gone. Raises OSError as `read` does."""
        while self.unsent or self._take():
            try:
                sent = self.socket.send(self.unsent, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return True
            except OSError as error:
                if error.errno in NOT_OURS:
                    raise
                return False
            if sent == len(self.unsent):
                self.unsent = memoryview(b"")
                return True
            self.unsent = self.unsent[sent:]
        return True

    def _take(self) -> bool:
        self.unsent = memoryview(self.session.take())
        return len(self.unsent) > 0

    def close(self) -> None:
        """End the connection, also for the supervisor, which has a duplicate of the socket."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
