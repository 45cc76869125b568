"""NATS, under test: a real server, behind a proxy that can break the network."""

from __future__ import annotations

import asyncio
from pathlib import Path

from asya_core.transports.nats.connection import Connection
from asya_core.transports.nats.requests import Requests
from asya_core.transports.nats.settings import NatsSettings, Server
from asya_core.transports.nats.transport import NatsTransport
from tests.brokers.nats_server import NatsServer
from tests.transport.proxy import TcpProxy

CONFLICTING = {"retention": "limits", "storage": "memory"}


class NatsHarness:
    late_seconds = 1.0
    max_message_bytes = 1024 * 1024

    def __init__(self, server: NatsServer, secrets_dir: Path, *, broken_network: bool = False) -> None:
        self._server = server
        self._secrets_dir = secrets_dir
        self._proxy: TcpProxy | None = TcpProxy(server.port) if broken_network else None

    async def open(self) -> None:
        if self._proxy is not None:
            await self._proxy.start()

    async def close(self) -> None:
        if self._proxy is not None:
            await self._proxy.close()
        if not self._server.is_running:
            await self.start()

    def settings(self) -> NatsSettings:
        port = self._proxy.port if self._proxy is not None else self._server.port
        return NatsSettings((Server("127.0.0.1", port, tls=False),), self._secrets_dir)

    def transport(self, *, lease_seconds: float = 30.0) -> NatsTransport:
        return NatsTransport(self.settings(), lease_seconds=lease_seconds)

    async def stop(self) -> None:
        await asyncio.to_thread(self._server.kill)

    async def start(self) -> None:
        await asyncio.to_thread(self._server.start)

    async def make_conflicting_queue(self, queue: str) -> None:
        await self._call(f"STREAM.CREATE.{queue}", {"name": queue, "subjects": [queue]} | CONFLICTING)

    async def has_conflicting_queue(self, queue: str) -> bool:
        answer = await self._call(f"STREAM.INFO.{queue}", {})
        return answer["config"].items() >= CONFLICTING.items()

    def sever(self) -> None:
        self._proxy.sever()

    def black_hole(self) -> None:
        self._proxy.black_hole()

    def heal(self) -> None:
        self._proxy.heal()

    def throttle(self, bytes_per_second: float) -> None:
        self._proxy.throttle(bytes_per_second)

    async def _call(self, api: str, body: dict) -> dict:
        connection, requests = Connection(self.settings()), Requests()
        connection.add(requests)
        await connection.connect()
        try:
            return await requests.call(api, body)
        finally:
            await connection.close()
