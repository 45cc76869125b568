

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


        def heard(self, peer: Peer) -> None:
            ...

        def lost(self, peer: Peer, error: Exception | None) -> None:
            ...


_RECEIVE_BYTES = 256 * 1024


class Peer(asyncio.BufferedProtocol):





    def __init__(self, server: Server, connection: socket.socket, session: Session) -> None:
        self.socket = connection
        self.descriptors: tuple[int, ...] = ()
        self._view = memoryview(bytearray(_RECEIVE_BYTES))
        self.session = session
        self.writable = asyncio.Event()
        self.writable.set()
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._send_planned = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:

        self._transport = transport if isinstance(transport, asyncio.Transport) else None
        self.send()

    def get_buffer(self, _size: int) -> memoryview:

        return self._view

    def buffer_updated(self, size: int) -> None:

        try:
            self.session.receive(bytes(self._view[:size]))
        except FrameError as error:
            log.error("the sidecar broke the protocol, so the connection is closed: %s", error)
            self.close()
        self.send_soon()
        self._server.heard(self)

    def connection_lost(self, error: Exception | None) -> None:

        self.writable.set()
        self._server.lost(self, error)
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def pause_writing(self) -> None:

        self.writable.clear()

    def resume_writing(self) -> None:

        self.writable.set()

    def send(self) -> None:

        self._send_planned = False
        if self._transport is not None:
            data = self.session.take()
            if data:
                self._transport.write(data)

    def send_soon(self) -> None:

        if not self._send_planned:
            self._send_planned = True
            asyncio.get_running_loop().call_soon(self.send)

    def close(self) -> None:

        if self._transport is not None:
            self._transport.close()

    def hide(self) -> None:

        self.socket.close()
        loops = self._transport.get_extra_info("socket") if self._transport is not None else None
        if loops is not None:
            os.close(loops.fileno())
