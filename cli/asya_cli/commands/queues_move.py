"""`asya queues move`."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import click

from asya_cli.commands.place_options import place_of, place_options
from asya_cli.commands.queue_names import complete_queue
from asya_cli.errors import FAILED, CliError, MisuseError, told
from asya_cli.repair.asking import confirm, counted, summed
from asya_cli.repair.moving import Fate, Move, Moving
from asya_cli.repair.pace import Pace
from asya_cli.repair.place import Place
from asya_cli.repair.progress import progress
from asya_core.errors import QueueMissingError
from asya_core.route import is_actor_name
from asya_core.transports import Transport

_DEAD = "-dlq"
"""The end of the name of an SQS queue's dead-letter queue."""

_WORDS = {
    "moved": "moved",
    "passed": "passed over",
    "lost": "taken back by the broker before they were moved; they stay",
    "failed": "failed and stay",
}

_HELP = """\
Move the messages that wait in the queue of FROM to the queue of TO: actors, or names of queues.

Where a message's route is at FROM, it is sent to TO in its place; with --as-is it stays as it is, and TO, if it is an
actor that its route is not at, ends it as an error. Each is published, confirmed, and only then leaves its queue.
Messages that are in hand or delayed stay, as do those that come later. The order may change.

\b
asya queues move classifier classifier-v2 --dry-run
asya queues move classifier classifier-v2 --rate 50
asya queues move classifier-v2 classifier --id 4be0643f-1d98-573b-97cd-ca98a65347dd

With --id, other messages are passed over by being put at their queue's end.

Exit codes: 0 done; 1 some could not be moved, as is said for each; 2 the command line is wrong.
"""


@click.command(help=_HELP)
@click.argument("source", metavar="FROM", shell_complete=complete_queue)
@click.argument("target", metavar="TO", shell_complete=complete_queue)
@click.option("--id", "ids", multiple=True, help="This message only; may be repeated.")
@click.option("--as-is", is_flag=True, help="Leave routes as they are.")
@click.option("--limit", type=click.IntRange(min=1), help="Look at so many at most.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="N", help="So many a second at most.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@place_options(store=False)
def command(source: str, target: str, **options: Any) -> int:
    """Move the messages that wait in one queue to another."""
    with told():
        place = place_of(options)
        pair = place.named(source), place.named(target)
        _check(place, *pair)
        return asyncio.run(_run(place, *pair, options))


def _check(place: Place, source: str, target: str) -> None:
    """Raise MisuseError for queues between which nothing may be moved."""
    if source == target:
        raise MisuseError(f"{source} and {target} are the same queue; name two")
    for queue in (source, target):
        # What a broker gave up on may go back to where it was.
        if place.is_end(queue) and source != f"{target}{_DEAD}":
            raise MisuseError(
                f"{queue} is an end actor's queue, whose messages are results or errors to be stored; move nothing out "
                "of it or into it; let errors try again with `asya errors redrive`"
            )


async def _run(place: Place, source: str, target: str, options: dict[str, Any]) -> int:
    async with place.broker() as transport:
        ready = await _ready(transport, source)
        await _ready(transport, target)
        most = min(ready, options["limit"] or ready)
        if not most:
            click.echo(f"no message waits in {source}", err=True)
            return 0
        if options["dry_run"]:
            click.echo(f"{counted(most, 'message')} of {source} would be looked at; nothing was done", err=True)
            return 0
        if not options["yes"]:
            confirm(f"Move {counted(most, 'message')} from {source} to {target} on {place.transport}?")
        return await _move(transport, _order(place, source, target, most, options), options)


async def _ready(transport: Transport, queue: str) -> int:
    try:
        return (await transport.depth(queue)).ready
    except QueueMissingError:
        raise CliError(f"there is no queue {queue}; install its actor first, or correct the name") from None


def _order(place: Place, source: str, target: str, most: int, options: dict[str, Any]) -> Move:
    was, becomes = place.actor(source), place.actor(target)
    as_is = options["as_is"] or not is_actor_name(becomes)
    return Move(source, target, most, frozenset(options["ids"]), as_is, was, becomes)


async def _move(transport: Transport, move: Move, options: dict[str, Any]) -> int:
    tally: Counter[str] = Counter()
    try:
        with progress("moving", move.most) as advance:

            def tell(fate: Fate, sentence: str) -> None:
                tally[fate] += 1
                advance()
                if sentence:
                    click.echo(sentence, err=True)

            await Moving(transport, move, Pace(options["rate"]), tell).run()
    finally:
        click.echo(summed(tally, _WORDS), err=True)
    return FAILED if tally["failed"] or tally["lost"] else 0
