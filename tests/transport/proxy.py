"""A TCP proxy that breaks connections in the ways networks do."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress


class TcpProxy:
    """Forwards to a port, of this machine by default. New connections are treated like the ones that there are."""

    def __init__(self, target_port: int, target_host: str = "127.0.0.1") -> None:
        self.port = 0
        self._target_port = target_port
        self._target_host = target_host
        self._seconds_per_byte = 0.0
        self._severed_until = 0.0
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen, after `close` on the same port again."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def sever(self, *, seconds: float = 0.0) -> None:
        """Reset every connection, and for so many seconds new ones, too; then they are let through."""
        self._severed_until = time.monotonic() + seconds
        for writer in self._writers:
            writer.transport.abort()

    def black_hole(self) -> None:
        """Let nothing more through, without anybody being told."""
        self._open.clear()

    def strand(self) -> None:
        """Let nothing more through for the connections that there are, until they end; new ones are let through."""
        stranded, self._open = self._open, asyncio.Event()
        if stranded.is_set():
            self._open.set()
        stranded.clear()

    def heal(self) -> None:
        """Let through what was held back, and everything else."""
        self._open.set()

    def throttle(self, bytes_per_second: float) -> None:
        """Be a slow network."""
        self._seconds_per_byte = 1 / bytes_per_second

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.sever()
        for pump in self._pumps:
            pump.cancel()
        if self._pumps:
            await asyncio.wait(self._pumps)
        if self._server is not None:
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_closed():
            writer.transport.abort()
            return
        self._writers.add(writer)
        try:
            target_reader, target_writer = await asyncio.open_connection(self._target_host, self._target_port)
        except OSError:
            self._writers.discard(writer)
            writer.transport.abort()
            return
        self._writers.add(target_writer)
        if self._is_closed():
            self.sever()
        for pair in ((reader, target_writer), (target_reader, writer)):
            pump = asyncio.create_task(self._pump(*pair, self._open))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    def _is_closed(self) -> bool:
        """Whether a connection that was just accepted is to be reset."""
        closed = self._server is None or not self._server.is_serving()
        return closed or time.monotonic() < self._severed_until

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_open: asyncio.Event) -> None:
        try:
            with suppress(OSError):
                while data := await reader.read(65536):
                    await is_open.wait()
                    writer.write(data)
                    await writer.drain()
                    await asyncio.sleep(len(data) * self._seconds_per_byte)
        finally:
            self._writers.discard(writer)
            writer.transport.abort()
