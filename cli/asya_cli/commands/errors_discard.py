"""`asya errors discard`."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import click

from asya_cli.commands.errors_ls import readable
from asya_cli.commands.errors_redrive import counted_errors, need_selection
from asya_cli.commands.place_options import (
    complete_id,
    errors_of,
    filter_options,
    place_of,
    place_options,
    selection_of,
)
from asya_cli.errors import FAILED, told
from asya_cli.repair.asking import confirm, counted, summed
from asya_cli.repair.error_store import DISCARDED_PREFIX, ErrorStore, Found
from asya_cli.repair.progress import progress
from asya_cli.repair.selection import Selection
from asya_core.errors import ObjectStoreError

_AT_ONCE = 16

_HELP = f"""\
Put errors aside that nobody will redrive. They are moved to {DISCARDED_PREFIX} in the same store; with --purge they are
removed for good.

\b
asya errors discard 4be0643f-1d98-573b-97cd-ca98a65347dd
asya errors discard --actor classifier --until 2026-03-01 --dry-run
asya errors discard --reason msg_parsing_error --purge --yes

Exit codes: 0 done; 1 some could not be moved, as is said for each; 2 the command line is wrong.
"""


@click.command(help=_HELP)
@click.argument("ids", nargs=-1, shell_complete=complete_id)
@filter_options()
@click.option("--all", "everything", is_flag=True, help="All errors, without a filter.")
@click.option("--purge", is_flag=True, help="Remove them for good.")
@click.option("--limit", type=click.IntRange(min=1), help="So many at most; the oldest days come first.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@place_options()
def command(ids: tuple[str, ...], **options: Any) -> int:
    """Put errors aside that nobody will redrive."""
    selection = selection_of(ids, options)
    need_selection(selection, options)
    with told():
        place = place_of(options)
        errors = errors_of(place)
        if options["dry_run"]:
            return _dry(errors, selection, options)
        count = None
        if not (selection.ids or options["yes"]):
            count = counted_errors(errors, selection, options)
            what = "Remove for good" if options["purge"] else "Discard"
            confirm(f"{what} {counted(count, 'error')} of {place.store_url}?")
        return _discard(errors, selection, count, options)


def _dry(errors: ErrorStore, selection: Selection, options: dict[str, Any]) -> int:
    count = 0
    for found in islice(readable(errors.read(selection)), options["limit"]):
        click.echo(found.error.id)
        count += 1
    click.echo(f"{counted(count, 'error')} would be {_word(options)}; nothing was done", err=True)
    return 0


def _discard(errors: ErrorStore, selection: Selection, count: int | None, options: dict[str, Any]) -> int:
    tally: Counter[str] = Counter()
    missing = set(selection.ids)

    def one(found: Found) -> tuple[str, str]:
        try:
            done = errors.remove(found) if options["purge"] else errors.set_aside(found)
        except ObjectStoreError as failure:
            return "failed", f"{found.error.id}: {failure}"
        return ("done", "") if done else ("failed", f"{found.error.id}: it was changed meanwhile, and was left alone")

    found = islice(readable(errors.read(selection)), options["limit"])
    with progress("discarding", count) as advance, ThreadPoolExecutor(_AT_ONCE) as pool:
        while batch := list(islice(found, _AT_ONCE)):
            for fate, sentence in pool.map(one, batch):
                tally[fate] += 1
                advance()
                if sentence:
                    click.echo(sentence, err=True)
            missing -= {each.error.id for each in batch}
    click.echo(summed(tally, {"done": _word(options), "failed": "failed and stay"}), err=True)
    gone = [] if options["limit"] else sorted(missing)
    for id_ in gone:
        click.echo(f"{id_}: no error of it is stored", err=True)
    return FAILED if tally["failed"] or gone else 0


def _word(options: dict[str, Any]) -> str:
    return "removed for good" if options["purge"] else f"moved to {DISCARDED_PREFIX}"
