"""`asya errors show`."""

from __future__ import annotations

from typing import Any

import click

from asya_cli.commands.place_options import complete_id, errors_of, place_of, place_options
from asya_cli.errors import CliError, told
from asya_cli.repair.error_store import ErrorStore, Found
from asya_cli.repair.showing import show

_HELP = """\
Show the error of a message whole: what went wrong, with its traceback; where, on its route; when; with what payload.

\b
asya errors show 4be0643f-1d98-573b-97cd-ca98a65347dd
asya errors show 4be0643f-1d98-573b-97cd-ca98a65347dd --json | jq .payload.original_payload

With --json the object is printed as it is stored.

Exit codes: 0 shown; 1 there is no such error; 2 the command line is wrong.
"""


@click.command(help=_HELP)
@click.argument("id_", metavar="ID", shell_complete=complete_id)
@click.option("--json", "as_json", is_flag=True, help="The object as it is stored.")
@place_options()
def command(id_: str, as_json: bool, **options: Any) -> None:
    """Show the error of a message."""
    with told():
        found = the_error(errors_of(place_of(options)), id_)
    if as_json:
        click.echo(found.content)
    else:
        click.echo("\n".join(show(found)).encode("utf-8", "backslashreplace"))


def the_error(errors: ErrorStore, id_: str) -> Found:
    """Return the error of a message, the last one where it has several. Raises CliError when there is none."""
    found = errors.find(id_)
    if not found:
        raise CliError(f"there is no error of {id_!r}; it has not failed, or was redriven; look with `asya errors ls`")
    return found[-1]
