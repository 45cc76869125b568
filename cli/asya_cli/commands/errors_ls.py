"""`asya errors ls`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from asya_cli.commands.place_options import errors_of, filter_options, place_of, place_options, selection_of
from asya_cli.errors import told
from asya_cli.repair.error_store import Found, Unreadable
from asya_cli.repair.showing import dump, moment, plain, printable, summary

_SHOWN = 100
_PAGE = 200
_COLUMNS = ("ID", "GEN", "FAILED", "ACTOR", "REASON")
_GAP, _LEAST, _WIDEST = 1, 30, 10_000

_HELP = """\
List errors, those of the youngest messages first. Times are in UTC.

\b
asya errors ls --last 2h
asya errors ls --actor classifier --type ValueError --json | jq -r .id
asya errors ls -f values/prod.yaml --store s3://bucket/asya --since 2026-03-01 --until 2026-03-02

A * behind the generation says that the payload was edited. Without --limit, a table shows the first 100, and --json
shows all.

Exit codes: 0 shown; 1 it could not be; 2 the command line is wrong.
"""


@click.command(help=_HELP)
@filter_options()
@click.option("--id", "ids", multiple=True, help="Of this message; may be repeated.")
@click.option("--limit", type=click.IntRange(min=1), help="Show so many at most.")
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
@place_options()
def command(ids: tuple[str, ...], limit: int | None, as_json: bool, **options: Any) -> None:
    """List errors."""
    selection = selection_of(ids, options)
    with told():
        found = readable(errors_of(place_of(options)).read(selection, newest_first=True))
        if as_json:
            for each in islice(found, limit):
                click.echo(dump(plain(each)))
            return
        shown = _print(islice(found, limit or _SHOWN))
        if not shown:
            click.echo("no error is stored there that fits", err=True)
        elif next(found, None) is not None:
            click.echo(f"there are more than these {shown}; choose with filters, or raise --limit", err=True)


def readable(found: Iterable[Found | Unreadable]) -> Iterator[Found]:
    """Pass errors on, and tell of objects that are none."""
    for each in found:
        if isinstance(each, Unreadable):
            click.echo(f"warning: {each.key}: {each.sentence}", err=True)
        else:
            yield each


def _print(found: Iterable[Found]) -> int:
    """Print a table for each page of errors, so that any number can be shown; return how many there were."""
    terminal, console, shown = Console(), Console(highlight=False, width=_WIDEST), 0
    rows = iter(found)
    while page := list(islice(rows, _PAGE)):
        console.print(_table(page, terminal.width if terminal.is_terminal else None, with_header=shown == 0))
        shown += len(page)
    return shown


def _table(page: Sequence[Found], width: int | None, *, with_header: bool) -> Table:
    """Return a table in which everything is whole, but the error's text, which ends where the terminal does."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=with_header)
    for name in (*_COLUMNS, "ERROR"):
        table.add_column(name, no_wrap=True)
    rows = [_cells(each) for each in page]
    widths = [max(len(name), *(len(row[index]) for row in rows)) for index, name in enumerate(_COLUMNS)]
    room = None if width is None else max(_LEAST, width - sum(widths) - _GAP * len(widths))
    for row, each in zip(rows, page, strict=True):
        text = Text(printable(summary(each.error)))
        if room is not None:
            text.truncate(room, overflow="ellipsis")
        table.add_row(*(Text(cell) for cell in row), text)
    return table


def _cells(found: Found) -> list[str]:
    error = found.error
    generation = f"{error.generation}{'*' if error.is_edited else ''}"
    return [printable(cell) for cell in (error.id, generation, moment(error.failed_at), error.actor, error.reason)]
