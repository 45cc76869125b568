"""Options that say where a command looks, and for which errors; the same for all commands that mend something."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import click

from asya_cli.commands.actor_names import complete_actor
from asya_cli.commands.directory_option import directory_option
from asya_cli.commands.file_names import complete_values
from asya_cli.errors import CliError, MisuseError
from asya_cli.repair.error_store import ErrorStore
from asya_cli.repair.finding import Given, find_place
from asya_cli.repair.place import Place
from asya_cli.repair.selection import Selection, read_last, read_time
from asya_core.errors import AsyaError
from asya_core.object_keys import split_key

_F = TypeVar("_F", bound=Callable[..., Any])
_COMPLETIONS = 200

WHERE = """\
Where it looks: the -f values files, read as the chart crew reads them; else the local run in this folder; else the
variables ASYA_STORE_URL, ASYA_TRANSPORT and so on. Other options take the place of one part of that.
"""

_PLACE = (
    directory_option,
    click.option(
        "-f",
        "--values",
        "files",
        multiple=True,
        metavar="FILE",
        help="Values of the environment; may be repeated.",
        shell_complete=complete_values,
    ),
    click.option(
        "--secrets",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="Files with which the broker is entered (username, password, ...).",
    ),
    click.option("--queue-prefix", default="", metavar="PREFIX", help="What the names of queues begin with."),
)
_SETS = (click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Set a value of it; may be repeated."),)
_STORE = (
    click.option("--store", default="", metavar="URL", help="Store of errors: file:///folder, s3://bucket/path, ..."),
    click.option(
        "--store-prefix", default="", metavar="PREFIX", help="Folder of errors in it, error-asya/ if not set."
    ),
)
_FILTERS = (
    click.option(
        "--actor", "actors", multiple=True, shell_complete=complete_actor, help="At this actor; may be repeated."
    ),
    click.option("--reason", "reasons", multiple=True, help="With this code, such as crash_error; may be repeated."),
    click.option(
        "--type",
        "types",
        multiple=True,
        metavar="EXCEPTION",
        help="With this exception, or a kind of it; in full or short.",
    ),
    click.option(
        "--since", metavar="TIME", help="Failed at this time or later: 2026-03-01, or 2026-03-01T10:00 (UTC)."
    ),
    click.option("--until", metavar="TIME", help="Failed at this time or before."),
    click.option("--last", metavar="DURATION", help="Failed within this time: 30m, 2h, 7d."),
)


def place_options(*, store: bool = True, sets: bool = True) -> Callable[[_F], _F]:
    """Add the options that say where to look; `store` where errors are looked for, too, `sets` where --set is free."""
    return _added([*_PLACE, *(_SETS if sets else ()), *(_STORE if store else ())])


def filter_options() -> Callable[[_F], _F]:
    """Add the options that choose errors."""
    return _added(_FILTERS)


def place_of(options: dict[str, Any]) -> Place:
    """Return where the command is to look, from its options. Raises CliError."""
    given = Given(
        directory=options["directory"].resolve(),
        files=options["files"],
        sets=options.get("sets", ()),
        store=options.get("store", ""),
        store_prefix=options.get("store_prefix", ""),
        queue_prefix=options["queue_prefix"],
        secrets=options["secrets"],
    )
    return find_place(given, os.environ)


def errors_of(place: Place) -> ErrorStore:
    """Return the errors that are stored there. Raises CliError."""
    return ErrorStore(place.store(), place.error_prefix)


def selection_of(ids: tuple[str, ...], options: dict[str, Any]) -> Selection:
    """Return the errors that the command line means. Raises MisuseError."""
    if options["last"] and options["since"]:
        raise MisuseError("--last and --since both say from when on; leave one of them out")
    since = None
    if options["last"]:
        since = read_last(options["last"], datetime.now(UTC))
    elif options["since"]:
        since = read_time(options["since"], "--since")
    until = read_time(options["until"], "--until", end_of_day=True) if options["until"] else None
    return Selection(
        ids=frozenset(ids),
        actors=frozenset(options["actors"]),
        reasons=frozenset(options["reasons"]),
        types=frozenset(options["types"]),
        since=since,
        until=until,
    )


def complete_id(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return ids of errors that begin as the word does; none where they can't be had at once."""
    options = {"directory": Path(), "files": (), "sets": (), "queue_prefix": "", "secrets": None}
    try:
        errors = errors_of(place_of(options | {name: value for name, value in ctx.params.items() if value}))
        named = (split_key(key) for key in errors.keys(Selection(), newest_first=True))
        return list(islice((each[0] for each in named if each and each[0].startswith(incomplete)), _COMPLETIONS))
    except (AsyaError, CliError):
        return []


def _added(options: Any) -> Callable[[_F], _F]:
    def add(function: _F) -> _F:
        for option in reversed(list(options)):
            function = option(function)
        return function

    return add
