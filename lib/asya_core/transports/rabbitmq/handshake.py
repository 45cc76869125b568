"""Open a link: connect, encrypted where the URL says so, enter, choose the virtual host."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from pamqp import commands

from asya_core.errors import TransportRefusedError, TransportUnavailableError
from asya_core.transports.rabbitmq.link import HEARTBEAT_SECONDS, Link
from asya_core.transports.rabbitmq.settings import RabbitmqSettings, Secrets
from asya_core.transports.servers import Server, connecting, tls_context

HANDSHAKE_SECONDS = 3.0
ACCESS_REFUSED, NOT_FOUND, NOT_ALLOWED = 403, 404, 530
CAPABILITIES = {
    "authentication_failure_close": True,
    "basic.nack": True,
    "connection.blocked": True,
    "consumer_cancel_notify": True,
    "publisher_confirms": True,
}


_Method = TypeVar("_Method")


async def open_link(server: Server, settings: RabbitmqSettings, secrets: Secrets) -> Link:
    """Return a link that is ready for use.

    Raises TransportRefusedError where the server refuses us, TransportUnavailableError where nobody answers.
    """
    link = Link()
    try:
        with connecting(server, "ASYA_RABBITMQ_URL", HANDSHAKE_SECONDS), _refusals(server, settings.vhost, link):
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                context = tls_context(secrets.ca) if server.tls else None
                await asyncio.get_running_loop().create_connection(lambda: link, server.host, server.port, ssl=context)
                await _enter(link, settings.vhost, secrets)
    except BaseException:
        link.end("the handshake failed")
        raise
    return link


async def _enter(link: Link, vhost: str, secrets: Secrets) -> None:
    """Log in, agree on limits and open the virtual host."""
    start = await _expect(link, commands.Connection.Start)
    version = start.server_properties.get("version", "")
    link.version = version.decode() if isinstance(version, bytes) else str(version)
    link.say(
        commands.Connection.StartOk(
            client_properties={"product": "asya", "connection_name": "asya", "capabilities": dict(CAPABILITIES)},
            mechanism="PLAIN",
            response=f"\0{secrets.username}\0{secrets.password}",
            locale="en_US",
        )
    )
    tune = await _expect(link, commands.Connection.Tune)
    link.agree(tune.frame_max, tune.channel_max)
    link.say(commands.Connection.TuneOk(link.channel_max, link.frame_max, HEARTBEAT_SECONDS))
    link.say(commands.Connection.Open(vhost))
    await _expect(link, commands.Connection.OpenOk)


async def _expect(link: Link, kind: type[_Method]) -> _Method:
    said = await link.said()
    if not isinstance(said, kind):
        raise TransportUnavailableError(f"the server sent {said.name} while the connection was opened")
    return said


@contextmanager
def _refusals(server: Server, vhost: str, link: Link) -> Iterator[None]:
    """Tell why the server ended the connection, where it said so."""
    try:
        yield
    except TransportUnavailableError as error:
        raise _refusal(server, vhost, link) or error from None


def _refusal(server: Server, vhost: str, link: Link) -> TransportRefusedError | None:
    """Return what fits the server's last words, if they say that waiting can't help."""
    if link.why_closed is None:
        return None
    code, text = link.why_closed.code, link.why_closed.text
    if code == ACCESS_REFUSED:
        return TransportRefusedError(f"{server} refuses us: {text}; check username and password in the Secret")
    if code in (NOT_FOUND, NOT_ALLOWED):
        return TransportRefusedError(
            f"{server} does not let us into the virtual host {vhost!r}: {text}; make it, or give this user permissions"
        )
    return None
