"""One connection to the sidecar, on an event loop."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from asya_runtime.console import log
from asya_runtime.frames import FrameError
from asya_runtime.session import Session

if TYPE_CHECKING:
    from typing import Protocol

    class Server(Protocol):
        """What a connection tells of."""

        def heard(self, peer: Peer) -> None:
            """Note that frames have come."""

        def lost(self, peer: Peer, error: Exception | None) -> None:
            """Give up the jobs of a peer that is gone."""


_RECEIVE_BYTES = 256 * 1024


class Peer(asyncio.BufferedProtocol):
    """One connection: its session, and the transport that its answers go to.

    `socket` is a duplicate of the transport's, which closes its own without telling the supervisor's duplicate.
    """

    def __init__(self, server: Server, connection: socket.socket, session: Session) -> None:
        self.socket = connection
        self.descriptors: tuple[int, ...] = ()
        self._view = memoryview(bytearray(_RECEIVE_BYTES))  # one for all that comes: a new one each time costs more
        self.session = session
        self.writable = asyncio.Event()
        self.writable.set()
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._send_planned = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the sidecar."""
        self._transport = transport if isinstance(transport, asyncio.Transport) else None
        self.send()

    def get_buffer(self, _size: int) -> memoryview:
        """Give the loop a place for what comes."""
        return self._view

    def buffer_updated(self, size: int) -> None:
        """Give what has come to the session."""
        try:
            self.session.receive(bytes(self._view[:size]))
        except FrameError as error:
            log.error("the sidecar broke the protocol, so the connection is closed: %s", error)
            self.close()
        self.send_soon()
        self._server.heard(self)

    def connection_lost(self, error: Exception | None) -> None:
        """Give up what was asked on this connection."""
        self.writable.set()
        self._server.lost(self, error)
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def pause_writing(self) -> None:
        """Have generators wait: the sidecar does not read fast enough."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """Let generators go on."""
        self.writable.set()

    def send(self) -> None:
        """Send what there is to send."""
        self._send_planned = False
        if self._transport is not None:  # else the greeting is still to come
            data = self.session.take()
            if data:
                self._transport.write(data)

    def send_soon(self) -> None:
        """Send in the next turn of the loop, together with what other tasks add in this one."""
        if not self._send_planned:
            self._send_planned = True
            asyncio.get_running_loop().call_soon(self.send)

    def close(self) -> None:
        """Close the connection when what was written has been sent."""
        if self._transport is not None:
            self._transport.close()

    def hide(self) -> None:
        """Close our copies of the socket, in a child, and leave the connection as it is."""
        self.socket.close()
        loops = self._transport.get_extra_info("socket") if self._transport is not None else None
        if loops is not None:
            os.close(loops.fileno())
