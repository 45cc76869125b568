"""`asya local down`."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import click

from asya_cli.errors import CliError
from asya_cli.local.plan import read_plan
from asya_cli.local.running import STATE_DIR, Running
from asya_cli.local.state import Folder

_PATIENCE = 20.0
"""Seconds beyond the actors' grace period."""

_HELP = """\
End the local run: finish what runs, then stop actors and broker.

Messages that wait in queues stay under .asya and are worked off by the next run.

\b
asya local down
asya local down --at-once

Exit codes: 0 nothing runs any more; 1 it did not end.
"""


@click.command(help=_HELP)
@click.option("--at-once", is_flag=True, help="Don't wait for what runs; its messages are given again by the next run.")
@click.pass_obj
def command(directory: Path, *, at_once: bool) -> None:
    """End the local run."""
    folder = Folder(directory / STATE_DIR)
    if not folder.is_running():
        click.echo("nothing to stop: no local run is up here")
        return
    grace = read_plan(folder.plan).grace
    with suppress(ProcessLookupError):
        os.kill(Running(folder).state.supervisor, signal.SIGQUIT if at_once else signal.SIGTERM)
    if not folder.wait_stopped(grace + _PATIENCE):
        raise CliError(f"the local run did not end within {grace + _PATIENCE:g} s; try `asya local down --at-once`")
    click.echo("stopped")
