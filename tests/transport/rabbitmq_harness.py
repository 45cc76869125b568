"""RabbitMQ, under test: a real server, with a proxy before it where the network is to be broken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pamqp.commands import Queue

from asya_core.errors import QueueConflictError
from asya_core.transports.rabbitmq.channel import Channel
from asya_core.transports.rabbitmq.handshake import open_link
from asya_core.transports.rabbitmq.queues import channel_of
from asya_core.transports.rabbitmq.settings import RabbitmqSettings, read_secrets
from asya_core.transports.rabbitmq.transport import RabbitmqTransport
from asya_core.transports.servers import Server
from tests.brokers.rabbitmq_server import GivenRabbitmq, RabbitmqServer
from tests.transport.proxy import TcpProxy


class RabbitmqHarness:
    late_seconds = 1.0
    has_leases = False
    counts_delayed = False
    has_management = True

    def __init__(self, server: RabbitmqServer | GivenRabbitmq, secrets_dir: Path, vhost: str = "") -> None:
        self._server = server
        self._secrets_dir = secrets_dir
        self.vhost = vhost or server.vhost
        self.management_port = server.management_port
        self.host, self.port = server.host, server.port
        (secrets_dir / "username").write_text(server.user)
        (secrets_dir / "password").write_text(server.password)

    @property
    def max_message_bytes(self) -> int:
        return self._server.max_message_bytes

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        await self.start()

    def transport(self, *, lease_seconds: float = 30.0) -> RabbitmqTransport:
        del lease_seconds
        return RabbitmqTransport(self._settings())

    async def stop(self) -> None:
        """Let it live on, for it takes seconds to start."""
        await asyncio.to_thread(self._server.refuse)

    async def die(self) -> None:
        await asyncio.to_thread(self._server.kill)

    async def start(self) -> None:
        if not self._server.is_running:
            await asyncio.to_thread(self._server.start)
        elif self._server.is_refusing:
            await asyncio.to_thread(self._server.accept)

    async def make_conflicting_queue(self, queue: str) -> None:
        await self._declare(queue)

    async def has_conflicting_queue(self, queue: str) -> bool:
        try:
            await self._declare(queue)
        except QueueConflictError:
            return False
        return True

    def _settings(self) -> RabbitmqSettings:
        counting = Server(self._server.management_host, self.management_port, tls=False)
        management = counting if self.has_management else None
        server = Server(self.host, self.port, tls=False)
        return RabbitmqSettings((server,), self.vhost, self._secrets_dir, management)

    async def _declare(self, queue: str) -> None:
        """Declare a queue as ours never are."""
        async with self.channel() as channel:
            await channel.call(Queue.Declare(queue=queue, durable=True))

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[Channel]:
        """Give a channel of a connection of its own."""
        settings = self._settings()
        link = await open_link(settings.servers[0], settings, read_secrets(self._secrets_dir))
        try:
            async with channel_of(link, "what a test asked for") as channel:
                yield channel
        finally:
            await link.close(1)


class RabbitmqNetworkHarness(RabbitmqHarness):
    """The same behind a proxy."""

    keeps_connection = True

    def __init__(self, server: RabbitmqServer | GivenRabbitmq, secrets_dir: Path, vhost: str = "") -> None:
        super().__init__(server, secrets_dir, vhost)
        self._proxy = TcpProxy(server.port, server.host)

    async def open(self) -> None:
        await self._proxy.start()
        self.host, self.port = "127.0.0.1", self._proxy.port

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
