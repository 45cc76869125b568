"""The negative controls: sidecars that settle their input before their output is stored, and so lose messages.

`python -m tests.chaos.careless_sidecar early` settles, then publishes; with `unconfirmed` it publishes, and settles
without waiting for the confirmation. They stand in for `python -m asya_sidecar`. Under fire the ledger must find them.
"""

from __future__ import annotations

import asyncio
import functools
import os
import sys
from collections.abc import Callable
from typing import Any, cast

import uvloop

from asya_core.transports import Confirmed, Transport
from asya_sidecar.log import configure_logging
from asya_sidecar.sidecar import Sidecar
from asya_sidecar.start import read

HELD_SECONDS = 0.5
"""How long an output is in nobody's hands but ours where the input is settled early."""

Send = Callable[[Callable[[], None]], object]


class CarelessTransport:
    """A transport that confirms at once, and publishes when `send` lets it."""

    def __init__(self, transport: Transport, send: Send) -> None:
        self._transport = transport
        self._send = send

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def publish(self, queue: str, body: bytes, confirmed: Confirmed, *, delay: float = 0.0, **_: Any) -> None:
        """Let the input be settled at once, whatever becomes of the output."""
        asyncio.get_running_loop().call_soon(confirmed, None)
        self._send(functools.partial(self._transport.publish, queue, body, _ignore, delay=delay))


def _ignore(_: Exception | None) -> None:
    """Nobody wants to know."""


def _later(publish: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(HELD_SECONDS, publish)


def _at_once(publish: Callable[[], None]) -> None:
    publish()


CONTROLS: dict[str, Send] = {"early": _later, "unconfirmed": _at_once}


async def _run(control: str) -> int:
    settings, transport = read(os.environ)
    configure_logging(settings.log_level, settings.actor)
    return await Sidecar(settings, cast("Transport", CarelessTransport(transport, CONTROLS[control]))).run()


if __name__ == "__main__":
    sys.exit(uvloop.run(_run(sys.argv[1])))
