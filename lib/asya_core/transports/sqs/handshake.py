"""Open a link: make a client with the keys that there are now, and see whether it is let in."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession, get_session

from asya_core.transports.sqs.descriptions import short_loader
from asya_core.transports.sqs.faults import read_fault
from asya_core.transports.sqs.link import Link
from asya_core.transports.sqs.settings import LONGEST_WAIT, Secrets, SqsSettings

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

CONNECT_SECONDS = 3.0
SILENCE_SECONDS = LONGEST_WAIT + 20.0
"""How long a call may see nothing at all; its own deadline is shorter, but for polls."""
KEYS_SECONDS = 10.0
"""How long it may take to get keys where no files hold them."""
CONNECTIONS = 128
PIECE_BYTES = 1024 * 1024
"""Above it aiohttp warns of bodies that are not streams."""


class Opener:
    """Makes links, with one session for all, so that descriptions of the service are read from disk once."""

    def __init__(self, settings: SqsSettings) -> None:
        self._settings = settings
        self._session: AioSession | None = None

    async def open(self, secrets: Secrets) -> Link:
        """Return a link that is ready for use.

        Raises TransportRefusedError where SQS refuses us, TransportUnavailableError where nobody answers.
        """
        link = Link(await self._client(secrets), self._settings.address)
        try:
            await link.probe()
        except BaseException:
            link.end("the handshake failed")
            await link.closed()
            raise
        return link

    async def _client(self, secrets: Secrets) -> SQSClient:
        # Without keys in files, the session looks for some and keeps them fresh itself.
        if self._session is None:
            self._session = get_session()
            self._session.register_component("data_loader", short_loader())
        try:
            context = self._session.create_client(
                "sqs",
                region_name=self._settings.region,
                endpoint_url=self._settings.endpoint or None,
                verify=_authority(self._settings.endpoint, secrets),
                aws_access_key_id=secrets.key,
                aws_secret_access_key=secrets.secret,
                aws_session_token=secrets.token,
                config=_config(),
            )
            async with asyncio.timeout(KEYS_SECONDS):
                client: SQSClient = await context.__aenter__()
        except Exception as error:  # it may have asked other services for keys
            raise read_fault(error, "CreateClient", self._settings.address, KEYS_SECONDS).error from error
        client.meta.events.register("before-send.sqs", _in_pieces)
        return client


def _authority(endpoint: str, secrets: Secrets) -> bool | str | None:
    """Return whom to trust: the given authority, nobody where nothing is encrypted, or the SDK's default."""
    if secrets.ca is not None:
        return str(secrets.ca)
    return False if endpoint.startswith("http://") else None


def _config() -> AioConfig:
    """Leave repetition to us, who know what may be repeated."""
    return AioConfig(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=SILENCE_SECONDS,
        max_pool_connections=CONNECTIONS,
        retries={"total_max_attempts": 1, "mode": "standard"},
        parameter_validation=False,
        disable_request_compression=True,
        ignore_configured_endpoint_urls=True,
        user_agent_extra="asya",
    )


def _in_pieces(request: Any, **_: Any) -> None:
    """Let a large body be written in pieces; in one it would keep the event loop."""
    if isinstance(request.body, bytes) and len(request.body) > PIECE_BYTES:
        request.body = io.BytesIO(request.body)
