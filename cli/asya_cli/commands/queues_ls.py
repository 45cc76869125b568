"""`asya queues ls`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from asya_cli.commands.place_options import place_of, place_options
from asya_cli.errors import told
from asya_cli.repair.place import Place
from asya_cli.repair.showing import dump
from asya_core.errors import QueueMissingError
from asya_core.transports import Depth, Transport

_AT_ONCE = 16

_HELP = """\
List the queues of an environment: how many messages wait in each, are in hand, or are delayed.

\b
asya queues ls
asya queues ls -f values/rabbitmq.yaml --secrets ./rabbitmq-secret --json

Exit codes: 0 shown; 1 it could not be; 2 the command line is wrong.
"""


@click.command(help=_HELP)
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
@place_options(store=False)
def command(as_json: bool, **options: Any) -> None:
    """List the queues of an environment."""
    with told():
        place = place_of(options)
        found = asyncio.run(_depths(place))
    if as_json:
        for queue, depth in found:
            click.echo(dump(_plain(place, queue, depth)))
        return
    if found:
        Console(highlight=False, soft_wrap=True).print(_table(place, found))
    else:
        click.echo(f"no queue begins with {place.queue_prefix!r} there", err=True)


async def _depths(place: Place) -> Sequence[tuple[str, Depth]]:
    """Count each queue; one that is removed meanwhile, or is none of ours, is left out."""
    async with place.broker() as transport:
        names = await transport.queues(place.queue_prefix)
        free = asyncio.Semaphore(_AT_ONCE)
        depths = await asyncio.gather(*(_depth(transport, name, free) for name in names))
    return [(name, depth) for name, depth in zip(names, depths, strict=True) if depth is not None]


async def _depth(transport: Transport, queue: str, free: asyncio.Semaphore) -> Depth | None:
    async with free:
        with suppress(QueueMissingError):
            return await transport.depth(queue)
    return None


def _table(place: Place, found: Sequence[tuple[str, Depth]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("QUEUE", "ACTOR"):
        table.add_column(name, no_wrap=True)
    for name in ("WAITING", "RUNNING", "DELAYED"):
        table.add_column(name, justify="right")
    for queue, depth in found:
        table.add_row(queue, place.actor(queue), str(depth.ready), str(depth.in_flight), str(depth.delayed))
    return table


def _plain(place: Place, queue: str, depth: Depth) -> dict[str, Any]:
    counts = {"ready": depth.ready, "in_flight": depth.in_flight, "delayed": depth.delayed}
    return {"queue": queue, "actor": place.actor(queue), **counts}
