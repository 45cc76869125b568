"""Keeps a link to one of the servers for ever, and tells listeners when it comes, goes and how time passes."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from functools import partial
from typing import Protocol

from asya_core.errors import TransportError, TransportRefusedError, TransportUnavailableError
from asya_core.transports.rabbitmq.handshake import open_link
from asya_core.transports.rabbitmq.link import Link
from asya_core.transports.rabbitmq.settings import RabbitmqSettings, Server, read_secrets

TICK_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 3.0
CLOSE_SECONDS = 2.0

logger = logging.getLogger(__name__)
_random = secrets.SystemRandom()


class Listener(Protocol):
    """A part of the transport that lives on links.

    What it raises is a mistake of ours or of whoever it calls back: that is logged, and the link is built anew.
    """

    def link_up(self, link: Link) -> None:
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


class Connection:
    """Supervises the link: secrets are read anew for each attempt, so that they can be changed while we run."""

    def __init__(self, settings: RabbitmqSettings) -> None:
        self._settings = settings
        self._listeners: list[Listener] = []
        self._link: Link | None = None
        self._supervision: asyncio.Task[None] | None = None
        self._told = ""

    @property
    def is_up(self) -> bool:
        """Whether there is a link now."""
        return self._link is not None

    @property
    def link(self) -> Link:
        """The link that there is now. Raises TransportUnavailableError without one, and while it is blocked."""
        if self._link is None:
            raise TransportUnavailableError("there is no connection to RabbitMQ now")
        if self._link.blocked:
            raise TransportUnavailableError(f"RabbitMQ takes nothing now: {self._link.blocked}")
        return self._link

    def add(self, listener: Listener) -> None:
        """Tell this listener from now on, at once if there is a link."""
        self._listeners.append(listener)
        if self._link is not None:
            listener.link_up(self._link)

    async def connect(self) -> None:
        """Wait for the first link, as long as it takes. Raises TransportRefusedError."""
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._supervision = asyncio.create_task(self._supervise(first), name="rabbitmq connection")
        self._supervision.add_done_callback(partial(_supervision_ended, first))
        try:
            await first
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Say goodbye and give the link up."""
        if self._link is not None:
            await self._link.close(CLOSE_SECONDS)
        if self._supervision is not None:
            self._supervision.cancel()
            await asyncio.wait([self._supervision])
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

    async def _open(self, attempt: int) -> Link:
        """Open a link. Raises TransportError, also for what nobody foresaw: supervision must not end unseen."""
        servers = self._settings.servers
        server: Server = servers[attempt % len(servers)]
        try:
            link = await open_link(server, self._settings, read_secrets(self._settings.secrets_dir))
        except TransportError:
            raise
        except Exception as error:
            logger.exception("connecting to the RabbitMQ server at %s failed in a way that nobody foresaw", server)
            raise TransportRefusedError(f"{server} can't be used: {type(error).__name__}: {error}") from error
        logger.info("connected to the RabbitMQ server at %s, version %s", server, link.version)
        self._told = ""
        return link

    def _tell(self, error: TransportError) -> None:
        """Log a failure once, not at every attempt."""
        if str(error) != self._told:
            self._told = str(error)
            logger.warning("no connection to RabbitMQ: %s; trying again until there is one", error)

    def _take(self, link: Link) -> None:
        self._link = link
        for listener in self._listeners:
            self._call(link, listener.link_up, link)

    def _drop(self, reason: str) -> None:
        if self._link is None:
            return
        link, self._link = self._link, None
        link.end(reason)
        for listener in self._listeners:
            self._call(link, listener.link_down, reason)
        logger.info("disconnected from RabbitMQ: %s", reason)

    async def _watch(self, link: Link) -> bool:
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

    def _call(self, link: Link, method: Callable[..., None], *arguments: object) -> None:
        """Call a listener; when it fails, go on with the others and give up the link that it fails on."""
        try:
            method(*arguments)
        except Exception:
            logger.exception("a part of the RabbitMQ transport failed; connecting anew")
            link.end("a part of the transport failed")


def _supervision_ended(first: asyncio.Future[None], task: asyncio.Task[None]) -> None:
    """Let nobody wait for a link that will not come, and let no mistake here go unseen."""
    error = None if task.cancelled() else task.exception()
    if not first.done():
        first.set_exception(error or TransportUnavailableError("the connection was closed by this process"))
    elif error is not None:
        context = {"message": "the supervision of the RabbitMQ connection ended", "exception": error, "task": task}
        task.get_loop().call_exception_handler(context)
