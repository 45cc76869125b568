"""The supervised connection to RabbitMQ; secrets are read anew for each attempt, so they can change while we run."""

from __future__ import annotations

from asya_core.errors import TransportUnavailableError
from asya_core.transports.rabbitmq.handshake import open_link
from asya_core.transports.rabbitmq.link import Link
from asya_core.transports.rabbitmq.settings import RabbitmqSettings, read_secrets
from asya_core.transports.servers import Server
from asya_core.transports.supervision import Listener, Supervision

CLOSE_SECONDS = 2.0


class Connection:
    """One link at a time, to any of the servers."""

    def __init__(self, settings: RabbitmqSettings) -> None:
        self._settings = settings
        self._supervision: Supervision[Server, Link] = Supervision("RabbitMQ", settings.servers, self._open)

    @property
    def is_up(self) -> bool:
        """Whether there is a link now."""
        return self._supervision.link is not None

    @property
    def link(self) -> Link:
        """The link that there is now. Raises TransportUnavailableError without one, and while it is blocked."""
        link = self._supervision.link
        if link is None:
            raise TransportUnavailableError("there is no connection to RabbitMQ now")
        if link.blocked:
            raise TransportUnavailableError(f"RabbitMQ takes nothing now: {link.blocked}")
        return link

    def add(self, listener: Listener[Link]) -> None:
        """Tell this listener from now on, at once if there is a link."""
        self._supervision.add(listener)

    async def connect(self) -> None:
        """Wait for the first link, as long as it takes. Raises TransportRefusedError."""
        await self._supervision.start()

    async def close(self) -> None:
        """Say goodbye and give the link up."""
        if self._supervision.link is not None:
            await self._supervision.link.close(CLOSE_SECONDS)
        await self._supervision.stop()

    async def _open(self, server: Server) -> Link:
        return await open_link(server, self._settings, read_secrets(self._settings.secrets_dir))
