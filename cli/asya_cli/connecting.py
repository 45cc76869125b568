"""Reaching a broker, within a time that a person waits for."""

from __future__ import annotations

import asyncio

from asya_cli.errors import CliError
from asya_core.transports import Transport

_WITHIN = 10.0


async def connect(transport: Transport, broker: str, remedy: str) -> None:
    """Connect. Raises CliError, which says what to do, when the broker does not answer, and AsyaError as it refuses."""
    try:
        async with asyncio.timeout(_WITHIN):
            await transport.connect()
    except TimeoutError:
        raise CliError(f"{broker} did not answer within {_WITHIN:g} s; {remedy}") from None
