"""The supervised connection to NATS; secrets are read anew for each attempt, so they can change while we run."""

from __future__ import annotations

from asya_core.errors import TransportUnavailableError
from asya_core.transports.nats.handshake import open_link
from asya_core.transports.nats.link import Link
from asya_core.transports.nats.settings import NatsSettings, read_secrets
from asya_core.transports.servers import Server
from asya_core.transports.supervision import Listener, Supervision


class Connection:
    """One link at a time, to any of the servers."""

    def __init__(self, settings: NatsSettings) -> None:
        self._settings = settings
        self._supervision: Supervision[Server, Link] = Supervision("NATS", settings.servers, self._open)

    @property
    def is_up(self) -> bool:
        """Whether there is a link now."""
        return self._supervision.link is not None

    @property
    def server_version(self) -> str:
        """The version of the server that there is a link to. Raises TransportUnavailableError without one."""
        if self._supervision.link is None:
            raise TransportUnavailableError("there is no connection to NATS now")
        return self._supervision.link.version

    def add(self, listener: Listener[Link]) -> None:
        """Tell this listener from now on, at once if there is a link."""
        self._supervision.add(listener)

    async def connect(self) -> None:
        """Wait for the first link, as long as it takes. Raises TransportRefusedError."""
        await self._supervision.start()

    async def flush(self, seconds: float) -> None:
        """Wait until the server has everything, but not longer than `seconds`."""
        if self._supervision.link is not None:
            await self._supervision.link.flush(seconds)

    async def close(self) -> None:
        """Give the link up."""
        await self._supervision.stop()

    async def _open(self, server: Server) -> Link:
        return await open_link(server, read_secrets(self._settings.secrets_dir))
