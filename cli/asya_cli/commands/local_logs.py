"""`asya local logs`."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

import click

from asya_cli.commands.actor_names import complete_actor
from asya_cli.console import LineWriter
from asya_cli.errors import CliError
from asya_cli.local.logs import INTERVAL, LogReader, log_files
from asya_cli.local.running import STATE_DIR
from asya_cli.local.state import Folder

_HELP = """\
Show what the processes of a local run have logged, of all actors or of one; the broker is asked for by its name.

The logs of a run that has ended stay until the next one starts.

\b
asya local logs
asya local logs text-processor --follow
asya local logs nats --tail 20

Exit codes: 0 shown; 1 no run has been here, or it has no such actor.
"""


@click.command(help=_HELP)
@click.argument("actor", required=False, shell_complete=complete_actor)
@click.option("-f", "--follow", is_flag=True, help="Go on as more comes, until Ctrl-C or the end of the run.")
@click.option("--tail", type=click.IntRange(min=0), metavar="LINES", help="Begin with the last LINES lines.")
@click.option("--raw", is_flag=True, help="Show lines as they were written, JSON included.")
@click.pass_obj
def command(directory: Path, actor: str | None, tail: int | None, *, follow: bool, raw: bool) -> None:
    """Show what the processes of a local run have logged."""
    folder = Folder(directory / STATE_DIR)
    files = _files(folder, actor)
    reader, writer = LogReader(files), LineWriter(files, raw=raw)
    writer.write(deque(reader.read(rest=not follow), maxlen=tail))
    try:
        while follow and folder.is_running():
            time.sleep(INTERVAL)
            writer.write(reader.read())
    except KeyboardInterrupt:
        return
    if follow:
        writer.write(reader.read(rest=True))


def _files(folder: Folder, actor: str | None) -> dict[str, Path]:
    try:
        processes, broker = folder.read_state().processes, folder.read_info().transport
    except FileNotFoundError:
        raise CliError(
            f"no local run has been here ({folder.path} has no state); start one with `asya local up`"
        ) from None
    files = log_files(processes, actor, broker)
    if not files:
        known = ", ".join(sorted({process.actor for process in processes}))
        raise CliError(
            f"no actor {actor!r} here; its name is misspelt, or it is not part of the run; use one of: {known}"
        )
    return files
