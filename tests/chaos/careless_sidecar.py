"""The negative control: a sidecar that settles its input before its output is stored, and so loses what it holds.

`python -m tests.chaos.careless_sidecar` stands in for `python -m asya_sidecar`. Under fire the ledger must find losses.
"""

from __future__ import annotations

import asyncio
import functools
import os
import sys
from typing import Any, cast

import uvloop

from asya_core.transports import Confirmed, Transport
from asya_sidecar.log import configure_logging
from asya_sidecar.sidecar import Sidecar
from asya_sidecar.start import read

HELD_SECONDS = 0.5
"""How long an output is in nobody's hands but ours."""


class CarelessTransport:
    """A transport that confirms at once and publishes later."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def publish(self, queue: str, body: bytes, confirmed: Confirmed, *, delay: float = 0.0, **_: Any) -> None:
        """Let the input be settled at once, whatever becomes of the output."""
        loop = asyncio.get_running_loop()
        loop.call_soon(confirmed, None)
        loop.call_later(HELD_SECONDS, functools.partial(self._transport.publish, queue, body, _ignore, delay=delay))


def _ignore(_: Exception | None) -> None:
    """Nobody wants to know."""


async def _run() -> int:
    settings, transport = read(os.environ)
    configure_logging(settings.log_level, settings.actor)
    return await Sidecar(settings, cast("Transport", CarelessTransport(transport))).run()


if __name__ == "__main__":
    sys.exit(uvloop.run(_run()))
