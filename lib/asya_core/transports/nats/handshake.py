"""Open a link: connect, encrypt, enter."""

from __future__ import annotations

import asyncio

import msgspec

from asya_core.errors import TransportRefusedError, TransportUnavailableError
from asya_core.transports.nats.link import Link
from asya_core.transports.nats.login import connect_options
from asya_core.transports.nats.settings import Secrets
from asya_core.transports.servers import Server, connecting, tls_context

HANDSHAKE_SECONDS = 3.0
REFUSALS = ("authorization violation", "authentication expired", "authentication revoked")
"""Words in the error of a server that lets nobody in with these credentials."""


async def open_link(server: Server, secrets: Secrets) -> Link:
    """Return a link that is ready for use.

    Raises TransportRefusedError where the server refuses us, TransportUnavailableError where nobody answers.
    """
    link = Link()
    try:
        with connecting(server, "ASYA_NATS_URL", HANDSHAKE_SECONDS):
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                await asyncio.get_running_loop().create_connection(lambda: link, server.host, server.port)
                await link.greeted
                _require_link(link, server)
                await _encrypt(link, server, secrets)
                await _enter(link, server, secrets)
    except BaseException:
        link.end("the handshake failed")
        raise
    return link


async def _encrypt(link: Link, server: Server, secrets: Secrets) -> None:
    """Change to TLS where the server or the settings demand it."""
    wanted = server.tls or secrets.ca is not None
    required = bool(link.info.get("tls_required"))
    if wanted and not (required or link.info.get("tls_available")):
        raise TransportRefusedError(f"{server} offers no TLS, which tls:// or ca.crt demands; switch it on there")
    if wanted or required:
        await link.upgrade(tls_context(secrets.ca), server.host)


async def _enter(link: Link, server: Server, secrets: Secrets) -> None:
    """Say who we are and wait until the server has taken it."""
    link.write(b"CONNECT %b\r\n" % msgspec.json.encode(connect_options(link.info, secrets)))
    entered = asyncio.Event()
    link.ping(entered.set)
    await entered.wait()
    _require_link(link, server)


def _require_link(link: Link, server: Server) -> None:
    """Raise what fits the server's last words when the link is lost."""
    if not link.lost.done():
        return
    if any(word in link.last_error.lower() for word in REFUSALS):
        raise TransportRefusedError(f"{server} refuses us: {link.last_error}; check the credentials in the Secret")
    sentence = f"{server} ended the connection: {link.lost.result()}; check that NATS is what listens there"
    raise TransportUnavailableError(sentence)
