"""SQS, under test: moto, which keeps everything in memory, behind a proxy that stands in for its end.

What moto does otherwise than SQS stands in `EMULATORS.md`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiobotocore.session import get_session

from asya_core.transports.sqs.settings import SqsSettings
from asya_core.transports.sqs.transport import SqsTransport
from tests.brokers.moto_server import CREDENTIALS, REGION, MotoServer
from tests.transport.proxy import TcpProxy

CONFLICTING = {"MessageRetentionPeriod": "3600"}


class SqsHarness:
    """`wait` is how long receives wait, in whole seconds, where the lease allows it."""

    late_seconds = 1.5
    max_message_bytes = 1024 * 1024
    has_leases = True
    counts_delayed = True
    wait = 1

    def __init__(self, server: MotoServer, secrets_dir: Path) -> None:
        self._server = server
        self._proxy = TcpProxy(server.port)
        self.secrets_dir = secrets_dir
        for name, value in CREDENTIALS.items():
            (secrets_dir / name).write_text(value)

    async def open(self) -> None:
        await self._proxy.start()

    async def close(self) -> None:
        await self._proxy.close()

    def transport(self, *, lease_seconds: float = 30.0, **options: Any) -> SqsTransport:
        return SqsTransport(self.settings(visibility=int(lease_seconds)), **options)

    async def stop(self) -> None:
        await self._proxy.close()

    async def die(self) -> None:
        await self.stop()

    async def start(self) -> None:
        await self._proxy.start()

    async def make_conflicting_queue(self, queue: str) -> None:
        await self.call("CreateQueue", QueueName=queue, Attributes=CONFLICTING)

    async def has_conflicting_queue(self, queue: str) -> bool:
        url = await self.url(queue)
        names = list(CONFLICTING)
        answer = await self.call("GetQueueAttributes", QueueUrl=url, AttributeNames=names)
        return bool(answer["Attributes"] == CONFLICTING)

    def settings(self, **others: Any) -> SqsSettings:
        settings = {"visibility": 30, "wait": self.wait} | others
        return SqsSettings(REGION, f"http://127.0.0.1:{self._proxy.port}", self.secrets_dir, **settings)

    async def url(self, queue: str) -> str:
        return str((await self.call("GetQueueUrl", QueueName=queue))["QueueUrl"])

    async def call(self, operation: str, **parameters: Any) -> Any:
        """Do what our transport never would, with a client of its own, past the proxy."""
        keys = {name.lower(): value for name, value in CREDENTIALS.items()}
        async with get_session().create_client(
            "sqs", region_name=REGION, endpoint_url=self._server.url, **keys
        ) as client:
            return await client._make_api_call(operation, parameters)


class SqsNetworkHarness(SqsHarness):
    """The same for tests that break the network.

    A client of HTTP takes a new connection in the place of a broken one without a word, so there is none for a while.
    """

    keeps_connection = False

    def sever(self) -> None:
        self._proxy.sever(seconds=0.5)

    def black_hole(self) -> None:
        self._proxy.black_hole()

    def heal(self) -> None:
        self._proxy.heal()

    def throttle(self, bytes_per_second: float) -> None:
        self._proxy.throttle(bytes_per_second)
