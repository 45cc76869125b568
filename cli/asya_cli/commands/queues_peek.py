"""`asya queues peek`."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from asya_cli.commands.place_options import place_of, place_options
from asya_cli.commands.queue_names import complete_queue
from asya_cli.errors import CliError, told
from asya_cli.repair.place import Place
from asya_cli.repair.waiting import plain_waiting, show_waiting
from asya_core.errors import QueueMissingError

_COUNTING = ("rabbitmq", "sqs")
"""Brokers that show a message only by delivering it."""

_HELP = """\
Show the oldest messages that wait in the queue of ACTOR, or in the queue of that name. They stay there.

\b
asya queues peek classifier
asya queues peek classifier --limit 50 --json | jq -r .id

RabbitMQ and SQS show a message only by delivering it, which counts: after 3 deliveries a message runs alone, after
resiliency.maxDeliveries it ends as an error.

Exit codes: 0 shown; 1 it could not be; 2 the command line is wrong.
"""


@click.command(help=_HELP)
@click.argument("actor", shell_complete=complete_queue)
@click.option("--limit", type=click.IntRange(min=1), default=5, show_default=True, help="Show so many at most.")
@click.option("--json", "as_json", is_flag=True, help="Whole messages, one a line.")
@place_options(store=False)
def command(actor: str, limit: int, as_json: bool, **options: Any) -> None:
    """Show the oldest messages that wait in a queue."""
    with told():
        place = place_of(options)
        bodies = asyncio.run(_peek(place, actor, limit))
    if place.transport in _COUNTING and bodies:
        click.echo(f"note: {place.transport} counts this as a delivery of each of them", err=True)
    for body in bodies:
        text = plain_waiting(body) if as_json else "\n".join(show_waiting(body)).encode("utf-8", "backslashreplace")
        click.echo(text)
    if not bodies:
        click.echo("no message waits there", err=True)


async def _peek(place: Place, actor: str, limit: int) -> list[bytes]:
    queue = place.named(actor)
    async with place.broker() as transport:
        try:
            return await transport.peek(queue, limit)
        except QueueMissingError:
            raise CliError(f"there is no queue {queue}; look at their names with `asya queues ls`") from None
