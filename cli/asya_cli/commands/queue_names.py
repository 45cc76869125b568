"""Completion of queues on the command line, by the actors that they are for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from asya_cli.commands.place_options import place_of
from asya_cli.errors import CliError
from asya_core.errors import AsyaError

_WITHIN = 3.0


def complete_queue(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return the actors that have a queue and begin as the word does; none where that can't be had soon."""
    options = {"directory": Path(), "files": (), "sets": (), "queue_prefix": "", "secrets": None}
    given = {name: value for name, value in ctx.params.items() if value and name in options}
    try:
        place = place_of(options | given)

        async def names() -> list[str]:
            async with asyncio.timeout(_WITHIN), place.broker() as transport:
                return [place.actor(queue) for queue in await transport.queues(place.queue_prefix)]

        return [name for name in asyncio.run(names()) if name.startswith(incomplete)]
    except (AsyaError, CliError, TimeoutError):
        return []
