"""Where a command looks: the store of errors, the broker, and how queues are named there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from asya_cli.connecting import connect
from asya_cli.errors import CliError
from asya_core.errors import AsyaError, SettingsError
from asya_core.objects import ObjectStore, open_store
from asya_core.route import ENDS
from asya_core.transports import Transport, open_transport

ERROR_PREFIX, HAPPY_PREFIX = "error-asya/", "happy-asya/"
QUEUE_PREFIX = "asya-"
CLAIM_PREFIX = "payloads-asya/"


@dataclass(frozen=True, slots=True)
class Place:
    """One environment, as far as it is known; what is not known is empty.

    `origin` says where this was learnt, for people. `environ` are the settings that open the transport. `no_store` and
    `no_broker` say why the one or the other can't be had, and what to do. `claim_url` is where large payloads lie.
    """

    origin: str
    transport: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)
    queue_prefix: str = QUEUE_PREFIX
    store_url: str = ""
    error_prefix: str = ERROR_PREFIX
    happy_prefix: str = HAPPY_PREFIX
    claim_url: str = ""
    claim_prefix: str = CLAIM_PREFIX
    no_store: str = ""
    no_broker: str = ""
    check_broker: Callable[[], None] | None = None

    def store(self) -> ObjectStore:
        """Open the store of results and errors. Raises CliError with what is missing, and how to give it."""
        if not self.store_url:
            raise CliError(self.no_store)
        parts = urlsplit(self.store_url)
        # Ends make their folder; here a new one would only hide a mistake.
        if parts.scheme == "file" and not Path(unquote(parts.path)).is_dir():
            raise CliError(f"the store {self.store_url} is not there; no such folder; correct the store's URL")
        try:
            return open_store(self.store_url)
        except AsyaError as error:
            raise CliError(f"{error}; correct the store's URL") from None

    def queue(self, actor: str) -> str:
        """Return the name of an actor's queue."""
        return f"{self.queue_prefix}{actor}"

    def named(self, name: str) -> str:
        """Return the queue that a person means by an actor's name or, if it begins with the prefix, by its own."""
        return name if name.startswith(self.queue_prefix) else self.queue(name)

    def actor(self, queue: str) -> str:
        """Return the actor that a queue is for."""
        return queue.removeprefix(self.queue_prefix)

    def is_end(self, queue: str) -> bool:
        """Whether it is the queue of an end actor, here or in another environment."""
        return any(queue == end or queue.endswith(f"-{end}") for end in ENDS)

    @asynccontextmanager
    async def broker(self) -> AsyncIterator[Transport]:
        """Connect to the broker for the length of a block. Raises CliError with what keeps it from that."""
        transport, broker = self._open(), f"the {self.transport} broker of {self.origin}"
        try:
            await connect(transport, broker, "check its address, and that this machine can reach it")
        except AsyaError as error:
            raise CliError(f"{broker} refused us: {error}") from None
        try:
            yield transport
        finally:
            await transport.close()

    def _open(self) -> Transport:
        if not self.transport:
            raise CliError(self.no_broker)
        if self.check_broker is not None:
            self.check_broker()
        try:
            return open_transport(self.transport, self.environ)
        except SettingsError as error:
            raise CliError(f"the settings of {self.origin} lead to no broker; {error}; correct them") from None
        except ImportError as error:
            raise CliError(
                f"the transport {self.transport!r} needs a library that is not installed ({error.name}); install asya "
                f"with the extra {self.transport!r}"
            ) from None


def secrets_needed(secret: str) -> CliError:
    """Return the error for a broker that is entered with a Secret of the cluster, which is not on this machine."""
    return CliError(
        f"the broker is entered with the Secret {secret!r}, which is in the cluster; write its keys as files into a "
        "folder and give that with --secrets FOLDER"
    )


def need_folder(folder: Path) -> None:
    """Raise CliError where the folder of secrets is none."""
    if not folder.is_dir():
        raise CliError(f"the folder of secrets {str(folder)!r} is not there; check --secrets, or ASYA_SECRETS_DIR")
