"""`asya queues`: what waits in queues."""

from __future__ import annotations

import click

from asya_cli.commands.place_options import WHERE
from asya_cli.lazy import LazyGroup

_HELP = f"""\
Look at queues and the messages in them, and move messages from one to another.

\b
asya queues ls
asya queues peek classifier --limit 3
asya queues move classifier classifier-v2 --rate 50

{WHERE}"""

_MEMBERS = {
    "ls": "asya_cli.commands.queues_ls",
    "peek": "asya_cli.commands.queues_peek",
    "move": "asya_cli.commands.queues_move",
}


@click.group(help=_HELP, cls=LazyGroup, members=_MEMBERS)
def command() -> None:
    """Look at queues and the messages in them, and move messages from one to another."""
