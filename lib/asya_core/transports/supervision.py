"""Keeps a link to one of several servers for ever, and tells listeners when it comes, goes and how time passes."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Generic, Protocol, TypeVar

from asya_core.errors import TransportError, TransportRefusedError, TransportUnavailableError

TICK_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 3.0

logger = logging.getLogger(__name__)
_random = secrets.SystemRandom()

_Server = TypeVar("_Server")


class Link(Protocol):
    """One connection to a server, which never reconnects. `lost` gets the reason once it is over."""

    lost: asyncio.Future[str]

    @property
    def version(self) -> str:
        """The server's version."""

    def tick(self) -> None:
        """Do what is due; called once a second."""

    def end(self, reason: str) -> None:
        """Break the connection at once."""


AnyLink = TypeVar("AnyLink", bound=Link)
_Link_contra = TypeVar("_Link_contra", contravariant=True)


class Listener(Protocol[_Link_contra]):
    """A part of a transport that lives on links.

    What it raises is a mistake of ours or of whoever it calls back: that is logged, and the link is built anew.
    """

    def link_up(self, link: _Link_contra) -> None:
        """Begin to use this link."""

    def link_down(self, reason: str) -> None:
        """Know that the link is gone, and with it everything unanswered."""

    def tick(self) -> None:
        """Do what is due; called once a second while there is a link."""


def pause_before(attempt: int) -> float:
    """Return how many seconds to wait before this attempt to connect, the first being 0.

    A random part spreads the processes that lost the same server.
    """
    if attempt == 0:
        return 0.0
    return min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(attempt, 16)) * _random.uniform(0.5, 1.0)


class Supervision(Generic[_Server, AnyLink]):
    """Opens links to the servers in turn, with capped backoff. `broker` is what the logs call it.

    `open_link` raises TransportRefusedError where a server refuses us, TransportUnavailableError where nobody answers.
    """

    def __init__(
        self, broker: str, servers: Sequence[_Server], open_link: Callable[[_Server], Awaitable[AnyLink]]
    ) -> None:
        self.link: AnyLink | None = None
        self._broker = broker
        self._servers = servers
        self._open_link = open_link
        self._listeners: list[Listener[AnyLink]] = []
        self._task: asyncio.Task[None] | None = None
        self._told = ""

    def add(self, listener: Listener[AnyLink]) -> None:
        """Tell this listener from now on, at once if there is a link."""
        self._listeners.append(listener)
        if self.link is not None:
            listener.link_up(self.link)

    async def start(self) -> None:
        """Wait for the first link, as long as it takes. Raises TransportRefusedError."""
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._supervise(first), name=f"{self._broker} connection")
        self._task.add_done_callback(partial(self._ended, first))
        try:
            await first
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Give the link up, and make no other."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._drop("closed by this process")

    async def _supervise(self, first: asyncio.Future[None]) -> None:
        attempt = 0
        while True:
            await asyncio.sleep(pause_before(attempt))
            try:
                link = await self._open(attempt)
            except TransportError as error:
                if isinstance(error, TransportRefusedError) and not first.done():
                    first.set_exception(error)
                    return
                self._tell(error)
                attempt += 1
            else:
                self._take(link)
                if not first.done():
                    first.set_result(None)
                lived = await self._watch(link)
                attempt = 1 if lived else attempt + 1
                self._drop(link.lost.result())

    async def _open(self, attempt: int) -> AnyLink:
        """Open a link. Raises TransportError, also for what nobody foresaw: supervision must not end unseen."""
        server = self._servers[attempt % len(self._servers)]
        try:
            link = await self._open_link(server)
        except TransportError:
            raise
        except Exception as error:
            logger.exception("connecting to %s at %s failed in a way that nobody foresaw", self._broker, server)
            raise TransportRefusedError(f"{server} can't be used: {type(error).__name__}: {error}") from error
        logger.info("connected to %s at %s, version %s", self._broker, server, link.version)
        self._told = ""
        return link

    def _tell(self, error: TransportError) -> None:
        """Log a failure once, not at every attempt."""
        if str(error) != self._told:
            self._told = str(error)
            logger.warning("no connection to %s: %s; trying again until there is one", self._broker, error)

    def _take(self, link: AnyLink) -> None:
        self.link = link
        for listener in self._listeners:
            self._call(link, listener.link_up, link)

    def _drop(self, reason: str) -> None:
        if self.link is None:
            return
        link, self.link = self.link, None
        link.end(reason)
        for listener in self._listeners:
            self._call(link, listener.link_down, reason)
        logger.info("disconnected from %s: %s", self._broker, reason)

    async def _watch(self, link: AnyLink) -> bool:
        """Let time pass until the link is lost; tell whether it lasted at all."""
        lived = False
        while not link.lost.done():
            await asyncio.wait([link.lost], timeout=TICK_SECONDS)
            if not link.lost.done():
                lived = True
                self._call(link, link.tick)
                for listener in self._listeners:
                    self._call(link, listener.tick)
        return lived

    def _call(self, link: AnyLink, method: Callable[..., None], *arguments: object) -> None:
        """Call a listener; when it fails, go on with the others and give up the link that it fails on."""
        try:
            method(*arguments)
        except Exception:
            logger.exception("a part of the %s transport failed; connecting anew", self._broker)
            link.end("a part of the transport failed")

    def _ended(self, first: asyncio.Future[None], task: asyncio.Task[None]) -> None:
        """Let nobody wait for a link that will not come, and let no mistake here go unseen."""
        error = None if task.cancelled() else task.exception()
        if not first.done():
            first.set_exception(error or TransportUnavailableError("the connection was closed by this process"))
        elif error is not None:
            message = f"the supervision of the {self._broker} connection ended"
            task.get_loop().call_exception_handler({"message": message, "exception": error, "task": task})
