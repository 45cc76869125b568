"""NATS, under test: a real server, with a proxy before it where the network is to be broken."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from asya_core.transports.nats.connection import Connection
from asya_core.transports.nats.requests import Requests
from asya_core.transports.nats.settings import NatsSettings
from asya_core.transports.nats.streams import CONSUMER
from asya_core.transports.nats.transport import NatsTransport
from asya_core.transports.servers import Server
from tests.brokers.nats_server import NatsServer
from tests.transport.proxy import TcpProxy

CONFLICTING = {"retention": "limits", "storage": "memory"}


class NatsHarness:
    late_seconds = 1.0
    max_message_bytes = 1024 * 1024
    has_leases = True
    counts_delayed = True

    def __init__(self, server: NatsServer, secrets_dir: Path) -> None:
        self._server = server
        self._secrets_dir = secrets_dir
        self.port = server.port

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        if not self._server.is_running:
            await self.start()

    def transport(self, *, lease_seconds: float = 30.0) -> NatsTransport:
        return NatsTransport(self._settings(), lease_seconds=lease_seconds)

    async def stop(self) -> None:
        await asyncio.to_thread(self._server.kill)

    async def die(self) -> None:
        await self.stop()

    async def start(self) -> None:
        await asyncio.to_thread(self._server.start)

    async def make_conflicting_queue(self, queue: str) -> None:
        await self._call(f"STREAM.CREATE.{queue}", {"name": queue, "subjects": [queue]} | CONFLICTING)

    async def has_conflicting_queue(self, queue: str) -> bool:
        config = (await self._call(f"STREAM.INFO.{queue}", {}))["config"]
        return all(config[key] == value for key, value in CONFLICTING.items())

    async def drop_consumers(self, queue: str) -> None:
        await self._call(f"CONSUMER.DELETE.{queue}.{CONSUMER}", {})

    def _settings(self) -> NatsSettings:
        return NatsSettings((Server("127.0.0.1", self.port, tls=False),), self._secrets_dir)

    async def _call(self, api: str, body: dict[str, Any]) -> dict[str, Any]:
        connection, requests = Connection(self._settings()), Requests()
        connection.add(requests)
        await connection.connect()
        try:
            return await requests.call(api, body)
        finally:
            await connection.close()


class NatsNetworkHarness(NatsHarness):
    """The same behind a proxy."""

    keeps_connection = True

    def __init__(self, server: NatsServer, secrets_dir: Path) -> None:
        super().__init__(server, secrets_dir)
        self._proxy = TcpProxy(server.port)

    async def open(self) -> None:
        await self._proxy.start()
        self.port = self._proxy.port

    async def close(self) -> None:
        await self._proxy.close()
        await super().close()

    def sever(self) -> None:
        self._proxy.sever()

    def black_hole(self) -> None:
        self._proxy.black_hole()

    def heal(self) -> None:
        self._proxy.heal()

    def throttle(self, bytes_per_second: float) -> None:
        self._proxy.throttle(bytes_per_second)
