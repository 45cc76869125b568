"""`asya errors redrive`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import click

from asya_cli.commands.actor_names import complete_actor
from asya_cli.commands.errors_ls import readable
from asya_cli.commands.place_options import (
    complete_id,
    errors_of,
    filter_options,
    place_of,
    place_options,
    selection_of,
)
from asya_cli.errors import FAILED, MisuseError, told
from asya_cli.repair.asking import confirm, counted, summed
from asya_cli.repair.error_store import ErrorStore, Found
from asya_cli.repair.pace import Pace
from asya_cli.repair.payload_store import payloads_of
from asya_cli.repair.place import Place
from asya_cli.repair.progress import progress
from asya_cli.repair.redriving import Redriving, Step
from asya_cli.repair.selection import Selection
from asya_cli.repair.showing import dump
from asya_core.durations import parse_duration
from asya_core.redrive import CannotRedriveError, How, redriven

_WORDS = {
    "redriven": "redriven",
    "ended": "had ended since an earlier redrive, and were removed",
    "changed": "redriven, whose errors were changed meanwhile and stay",
    "failed": "failed and stay",
}

_HELP = """\
Let messages that ended in an error try again, at the actor where they failed.

Each keeps its id and gets the next generation, attempt 1. It is published, confirmed by the broker, and then its error
is removed. A redrive that was interrupted, however that happened, is repeated by the same command: the ends keep one
result or error of each id and generation.

\b
asya errors redrive 4be0643f-1d98-573b-97cd-ca98a65347dd
asya errors redrive --actor classifier --reason timeout_error --last 2h --dry-run
asya errors redrive --actor classifier --to classifier-v2 --rate 20
asya errors redrive --reason deadline_exceeded --deadline 10m --yes

Exit codes: 0 all are on their way; 1 some are not, as is said for each; 2 the command line is wrong.
"""


@click.command(help=_HELP)
@click.argument("ids", nargs=-1, shell_complete=complete_id)
@filter_options()
@click.option("--all", "everything", is_flag=True, help="All errors, without a filter.")
@click.option("--from-start", is_flag=True, help="Begin at the first actor of the route.")
@click.option("--to", "actor", default="", shell_complete=complete_actor, help="Let this actor take that one's place.")
@click.option("--deadline", metavar="DURATION|none", help="A new deadline, from now on; none: without one.")
@click.option("--incomplete", is_flag=True, help="Those, too, that were too large to be stored with all headers.")
@click.option("--max-redrives", "most", type=click.IntRange(min=1), help="Leave those that were redriven so often.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="N", help="So many a second at most.")
@click.option("--limit", type=click.IntRange(min=1), help="So many at most; the oldest days come first.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@click.option("--json", "as_json", is_flag=True, help="Tell what became of each, one object a line.")
@place_options()
def command(ids: tuple[str, ...], **options: Any) -> int:
    """Let messages that ended in an error try again."""
    selection, how = selection_of(ids, options), _how(options)
    need_selection(selection, options)
    with told():
        place = place_of(options)
        errors = errors_of(place)
        if options["dry_run"]:
            return _dry(errors, selection, how, options)
        total = _agreed(place, errors, selection, options)
        return asyncio.run(_redrive(place, errors, selection, how, options | {"total": total}))


def need_selection(selection: Selection, options: dict[str, Any]) -> None:
    """Raise MisuseError where nothing says which errors are meant."""
    if selection.is_everything and not options["everything"]:
        raise MisuseError("nothing says which errors are meant; name ids, give filters, or say --all")
    if not selection.is_everything and options["everything"]:
        raise MisuseError("--all means every error, and ids or filters only some; leave one of them out")


def _how(options: dict[str, Any]) -> How:
    given = options["deadline"]
    try:
        seconds = None if given in (None, "none") else parse_duration(given)
    except ValueError as error:
        raise MisuseError(f"--deadline: {error}, or none") from None
    return How(
        from_start=options["from_start"],
        actor=options["actor"],
        deadline=seconds,
        drop_deadline=given == "none",
        incomplete=options["incomplete"],
        most=options["most"],
    )


def _agreed(place: Place, errors: ErrorStore, selection: Selection, options: dict[str, Any]) -> int | None:
    """Ask before more than what was named is redriven; return how many it will be, None where nobody counted."""
    if selection.ids or options["yes"]:
        return len(selection.ids) or None
    count = counted_errors(errors, selection, options)
    if count:
        confirm(f"Redrive {counted(count, 'error')} to {place.transport} of {place.origin}?")
    return count


def counted_errors(errors: ErrorStore, selection: Selection, options: dict[str, Any]) -> int:
    """Count the errors that are meant, as far as --limit lets them through."""
    with progress("counting", None) as advance:
        found = errors.count(selection, advance)
    return min(found, options["limit"] or found)


def _dry(errors: ErrorStore, selection: Selection, how: How, options: dict[str, Any]) -> int:
    tally: Counter[str] = Counter()
    missing = set(selection.ids)
    for found in islice(_noting(errors, selection, missing), options["limit"]):
        step = _planned(found, how, errors)
        tally[step.fate] += 1
        line = (
            f"{step.id}: {step.sentence}"
            if step.sentence
            else f"{step.id} to {step.actor}, generation {step.generation}"
        )
        click.echo(dump(asdict(step)) if options["as_json"] else line)
    words = {"redriven": "would be redriven", "ended": "would be removed", "failed": "would fail and stay"}
    click.echo(f"{summed(tally, words)}; nothing was done", err=True)
    return _code(tally, missing, options)


def _planned(found: Found, how: How, errors: ErrorStore) -> Step:
    """Return what would become of an error, as far as it depends on the error."""
    error = found.error
    try:
        actor = redriven(error, how, datetime.now(UTC)).actor
    except CannotRedriveError as refusal:
        return Step(found.key, error.id, "failed", error.generation, error.actor, str(refusal))
    if errors.has_ended(error.id, error.generation + 1):
        sentence = "it has ended since an earlier redrive; only its error would be removed"
        return Step(found.key, error.id, "ended", error.generation + 1, actor, sentence)
    return Step(found.key, error.id, "redriven", error.generation + 1, actor)


async def _redrive(place: Place, errors: ErrorStore, selection: Selection, how: How, options: dict[str, Any]) -> int:
    tally: Counter[str] = Counter()
    missing = set(selection.ids)
    found = islice(_noting(errors, selection, missing), options["limit"])
    async with place.broker() as transport:
        try:
            with progress("redriving", options["total"]) as advance:

                def tell(step: Step) -> None:
                    tally[step.fate] += 1
                    advance()
                    if options["as_json"]:
                        click.echo(dump(asdict(step)))
                    elif step.sentence:
                        click.echo(f"{step.id}: {step.sentence}", err=True)

                pace = Pace(options["rate"])
                await Redriving(errors, transport, place.queue, how, pace, payloads_of(place)).run(found, tell)
        finally:
            click.echo(summed(tally, _WORDS), err=True)
    return _code(tally, missing, options)


def _code(tally: Counter[str], missing: set[str], options: dict[str, Any]) -> int:
    """Tell which of the named messages have no error, and return the exit code; with a limit some are just left out."""
    gone = [] if options["limit"] else sorted(missing)
    for id_ in gone:
        click.echo(f"{id_}: no error of it is stored; it has not failed, or was redriven", err=True)
    return FAILED if tally["failed"] or gone else 0


def _noting(errors: ErrorStore, selection: Selection, missing: set[str]) -> Iterator[Found]:
    """Pass errors on, and strike their ids off."""
    for each in readable(errors.read(selection)):
        missing.discard(each.error.id)
        yield each
