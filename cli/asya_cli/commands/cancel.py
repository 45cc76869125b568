"""`asya cancel`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from msgspec import UNSET

from asya_cli.commands.directory_option import directory_option
from asya_cli.errors import MisuseError, told
from asya_cli.payloads import payloads_url
from asya_core.cancellation import marker_key
from asya_core.claim_check import canonical
from asya_core.ids import problem_with_ids
from asya_core.objects import open_store
from asya_core.times import rfc3339

_HELP = """\
Cancel messages that were sent with the header x-asya-cancel, and all their children.

The next actor that such a message comes to ends it, with the reason cancelled_error, without running the handler; one
that runs now is let finish. `asya local send --cancellable` sets the header; other producers set it to the marker's
address, which --print shows.

\b
asya cancel 3f9a0c
asya cancel 3f9a0c 77b1e2 --store s3://my-bucket/team
asya cancel 3f9a0c --store s3://my-bucket/team --print

Exit codes: 0 done; 1 the store could not be written; 2 the command line is wrong.
"""


@click.command(help=_HELP)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@directory_option
@click.option("--store", "url", metavar="URL", help="Store of payloads, as in claimCheck.url; else the local run's.")
@click.option("--print", "only_print", is_flag=True, help="Show where the markers would be, and cancel nothing.")
def command(ids: tuple[str, ...], directory: Path, url: str | None, *, only_print: bool) -> None:
    """Cancel messages that were sent with the header x-asya-cancel."""
    for id_ in ids:
        if problem_with_ids(id_, UNSET):
            raise MisuseError(f"{id_!r} is no id that a message can be sent with; give the one that was sent")
    url = url or payloads_url(directory)
    if only_print:
        for id_ in ids:
            click.echo(f"{canonical(url)}{marker_key(id_)}")
        return
    content = msgspec.json.encode({"at": rfc3339(datetime.now(UTC))})
    with told():
        store = open_store(url)
        for id_ in ids:
            store.put(marker_key(id_), content)
            click.echo(f"{id_}: cancelled; it ends at the next actor that it comes to")
