"""`asya errors`: messages that ended in an error."""

from __future__ import annotations

import click

from asya_cli.commands.place_options import WHERE
from asya_cli.lazy import LazyGroup

_HELP = f"""\
Look at messages that ended in an error, mend them, and let them try again.

\b
asya errors ls --last 2h --actor classifier
asya errors show 4be0643f-1d98-573b-97cd-ca98a65347dd
asya errors edit 4be0643f-1d98-573b-97cd-ca98a65347dd --set user.name=Ann
asya errors redrive --reason timeout_error --rate 50
asya errors discard --actor classifier --until 2026-03-01

{WHERE}"""

_MEMBERS = {
    "ls": "asya_cli.commands.errors_ls",
    "show": "asya_cli.commands.errors_show",
    "edit": "asya_cli.commands.errors_edit",
    "redrive": "asya_cli.commands.errors_redrive",
    "discard": "asya_cli.commands.errors_discard",
}


@click.group(help=_HELP, cls=LazyGroup, members=_MEMBERS)
def command() -> None:
    """Look at messages that ended in an error, mend them, and let them try again."""
