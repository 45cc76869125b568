"""`asya local down`."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import click

from asya_cli.errors import CliError
from asya_cli.local.endings import describe_waiting
from asya_cli.local.plan import read_plan
from asya_cli.local.running import STATE_DIR, Running
from asya_cli.local.state import Folder, RunInfo, State

_PATIENCE = 20.0
"""Seconds beyond the actors' grace period."""

_TELL_EVERY = 3.0

_HELP = """\
End the local run: finish what runs, then stop actors, end actors and broker, in this order.

Messages that wait in queues stay under .asya and are worked off by the next run; the stand-in for SQS loses them.
While something is still running, it is named every few seconds; Ctrl-C ends it at once.

\b
asya local down
asya local down --now

Exit codes: 0 nothing runs any more; 1 it did not end.
"""


@click.command(help=_HELP)
@click.option(
    "--now", "--at-once", "now", is_flag=True, help="Don't wait for what runs; its messages are given again later."
)
@click.pass_obj
def command(directory: Path, *, now: bool) -> None:
    """End the local run."""
    folder = Folder(directory / STATE_DIR)
    if not folder.is_running():
        click.echo("nothing to stop: no local run is up here")
        return
    running = Running(folder)
    grace = read_plan(folder.plan).grace
    _ask(running, now=now)
    if not _wait(running, grace + _PATIENCE):
        raise CliError(f"the local run did not end within {grace + _PATIENCE:g} s; try `asya local down --now`")
    for line in describe_waiting(running.state.waiting, is_forgetful=running.info.is_forgetful):
        click.echo(line)
    click.echo("stopped")


def _ask(running: Running, *, now: bool) -> None:
    with suppress(ProcessLookupError):
        os.kill(running.state.supervisor, signal.SIGQUIT if now else signal.SIGTERM)


def _wait(running: Running, within: float) -> bool:
    """Wait for the end of the run, tell what it waits for, and end it at once on Ctrl-C; tell whether it ended."""
    until = time.monotonic() + within
    while (left := until - time.monotonic()) > 0:
        try:
            if running.folder.wait_stopped(min(_TELL_EVERY, left)):
                return True
            click.echo(_what_runs(running.state, running.info), err=True)
        except KeyboardInterrupt:
            click.echo("ending it at once", err=True)
            _ask(running, now=True)
    return False


def _what_runs(state: State, info: RunInfo) -> str:
    """Say what is waited for: actors as long as there are any, since end actors and broker stop after them."""
    actors: dict[str, list[str]] = {}
    for process in state.processes:
        if process.pid:
            actors.setdefault(process.actor, []).append(process.container)
    first = {each.name for each in info.actors if not each.is_end} & set(actors)
    names = ", ".join(f"{name} ({', '.join(actors[name])})" for name in actors if name in (first or actors))
    return f"still running: {names or 'the supervisor'}; Ctrl-C, or `asya local down --now`, ends it at once"
