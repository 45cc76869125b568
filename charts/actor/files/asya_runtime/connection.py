

from __future__ import annotations

import socket
from contextlib import suppress

from asya_runtime.descriptors import NOT_OURS
from asya_runtime.session import Session

_RECEIVE_BYTES = 256 * 1024


class Connection:


    def __init__(self, peer: socket.socket, session: Session) -> None:
        self.socket = peer
        self.session = session
        self.unsent = memoryview(b"")
        self._descriptor = peer.fileno()
        self._view = memoryview(bytearray(_RECEIVE_BYTES))

    def fileno(self) -> int:

        return self._descriptor

    def read(self) -> bool:




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

        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
