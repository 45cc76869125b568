"""`asya errors edit`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from asya_cli.argument import read_text
from asya_cli.commands.errors_show import the_error
from asya_cli.commands.place_options import complete_id, errors_of, place_of, place_options
from asya_cli.errors import CliError, MisuseError, told
from asya_cli.repair.editing import with_parts
from asya_cli.repair.error_store import ErrorStore, Found
from asya_cli.repair.place import Place
from asya_cli.repair.replaying import stored_payload
from asya_core.stored_errors import StoredErrorError, edited

_HELP = """\
Change the payload with which a message is redriven. The original stays in the stored error.

Without an option the payload is opened in your editor ($VISUAL, or $EDITOR).

\b
asya errors edit 4be0643f-1d98-573b-97cd-ca98a65347dd
asya errors edit 4be0643f-1d98-573b-97cd-ca98a65347dd --set user.tags[0]=new --set n=3
asya errors edit 4be0643f-1d98-573b-97cd-ca98a65347dd --payload-file payload.json

A value of --set that is no JSON is taken as a text.

Exit codes: 0 written; 1 nothing was written; 2 the command line is wrong.
"""


@click.command(help=_HELP)
@click.argument("id_", metavar="ID", shell_complete=complete_id)
@click.option("--set", "parts", multiple=True, metavar="PATH=VALUE", help="Set a part of it; may be repeated.")
@click.option("--payload-file", "file", metavar="FILE|-", help="Take the whole payload from a file, or from stdin.")
@place_options(sets=False)
def command(id_: str, parts: tuple[str, ...], file: str | None, **options: Any) -> None:
    """Change the payload with which a message is redriven."""
    if file and parts:
        raise MisuseError("--payload-file gives the whole payload, and --set parts of it; leave one of them out")
    with told():
        place = place_of(options)
        errors = errors_of(place)
        found = the_error(errors, id_)
        if file:
            _keep(errors, found, read_text(file))
        elif parts:
            _keep(errors, found, with_parts(_payload(place, found), parts))
        else:
            _in_editor(place, errors, found)


def _in_editor(place: Place, errors: ErrorStore, found: Found) -> None:
    """Open the payload in an editor, as often as what comes out of it is no JSON and the person wants to go on."""
    before = msgspec.json.format(_payload(place, found), indent=2).decode()
    text = before
    while True:
        after = _open(text)
        if after is None or after.strip() == before.strip():
            raise CliError("the payload was not changed; nothing was written")
        try:
            _keep(errors, found, after.encode("utf-8", "surrogateescape").strip())
        except StoredErrorError as refusal:
            if not (sys.stdin.isatty() and click.confirm(f"error: {refusal}\nOpen it again?", default=True, err=True)):
                raise
            text = after
        else:
            return


def _open(text: str) -> str | None:
    try:
        return click.edit(text, extension=".json")
    except click.ClickException as failure:
        raise CliError(f"{failure.format_message()}; set EDITOR to one that starts here, or use --set") from None


def _payload(place: Place, found: Found) -> bytes:
    """Return the payload as it is now, from where it lies. Raises CliError where it was not stored."""
    if found.error.reference is not None:
        return stored_payload(place, found.error)
    if found.error.payload is None:
        raise CliError(f"the payload of {found.error.id} was not stored; give a whole one with --payload-file")
    return bytes(found.error.payload)


def _keep(errors: ErrorStore, found: Found, payload: bytes) -> None:
    """Write the error with the new payload, unless somebody else has changed it. Raises CliError, StoredErrorError."""
    if not errors.replace(found, edited(found.error, payload, datetime.now(UTC))):
        raise CliError(f"{found.error.id} was changed or redriven meanwhile; nothing was written; look at it again")
    click.echo(f"edited {found.error.id}; let it try again with `asya errors redrive {found.error.id}`", err=True)
