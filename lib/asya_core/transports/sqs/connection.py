"""The supervised connection to SQS; secrets are read anew for each attempt, so they can change while we run."""

from __future__ import annotations

from asya_core.errors import TransportUnavailableError
from asya_core.transports.sqs.handshake import Opener
from asya_core.transports.sqs.link import Link
from asya_core.transports.sqs.settings import SqsSettings, read_secrets
from asya_core.transports.supervision import Listener, Supervision


class Connection:
    """One link at a time."""

    def __init__(self, settings: SqsSettings) -> None:
        self._settings = settings
        self._opener = Opener(settings)
        self._links: list[Link] = []
        self._supervision: Supervision[str, Link] = Supervision("SQS", (settings.address,), self._open)

    @property
    def is_up(self) -> bool:
        """Whether there is a link now."""
        return self._supervision.link is not None

    @property
    def link(self) -> Link:
        """The link that there is now. Raises TransportUnavailableError without one."""
        if self._supervision.link is None:
            raise TransportUnavailableError("there is no connection to SQS now")
        return self._supervision.link

    def add(self, listener: Listener[Link]) -> None:
        """Tell this listener from now on, at once if there is a link."""
        self._supervision.add(listener)

    async def connect(self) -> None:
        """Wait for the first link, as long as it takes. Raises TransportRefusedError."""
        await self._supervision.start()

    async def close(self) -> None:
        """Give the link up, and close what earlier ones left open."""
        await self._supervision.stop()
        for link in self._links:
            await link.closed()

    async def _open(self, _address: str) -> Link:
        link = await self._opener.open(read_secrets(self._settings.secrets_dir))
        self._links = [each for each in self._links if not each.is_closed]
        self._links.append(link)
        return link
