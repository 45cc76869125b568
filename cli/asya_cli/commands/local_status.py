"""`asya local status`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from asya_cli.local.report import ActorReport, RunReport, report
from asya_cli.local.running import Running
from asya_cli.local.substitution import RUNTIME

_HELP = """\
Show the actors of the local run: whether they are ready, what their queues hold, how often they were started again,
and the process ids of its sidecar, of its runtime, and of the runtime's worker, which runs the handler.

\b
asya local status
asya local status -o json

Exit codes: 0 it is up; 1 no run is up here.
"""

_WIDTH = 200  # columns where nobody looks, so that no line is broken


@click.command(help=_HELP)
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def command(directory: Path, output: str) -> None:
    """Show the actors of the local run."""
    found = asyncio.run(report(Running.find(directory), os.environ))
    if output == "json":
        click.echo(json.dumps(_plain(found), indent=2))
        return
    width = None if sys.stdout.isatty() else _WIDTH
    console = Console(highlight=False, soft_wrap=True, width=width)
    console.print(f"{found.broker} at {found.broker_url}" + ("" if found.is_broker_ready else " does not answer"))
    console.print(_table(found))


def _table(found: RunReport) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("ACTOR", "READY"):
        table.add_column(name)
    for name in ("WAITING", "RUNNING", "DELAYED", "RESTARTS"):
        table.add_column(name, justify="right")
    table.add_column("PIDS")
    for actor in found.actors:
        table.add_row(*_cells(actor))
    return table


def _cells(actor: ActorReport) -> list[str]:
    depth = actor.depth
    counts = ["?"] * 3 if depth is None else [str(depth.ready), str(depth.in_flight), str(depth.delayed)]
    pids = [*(each.pid for each in sorted(actor.processes, key=lambda each: each.container == RUNTIME)), actor.worker]
    return [actor.name, "yes" if actor.is_ready else "no", *counts, str(actor.restarts), ", ".join(map(_pid, pids))]


def _pid(pid: int) -> str:
    return str(pid) if pid else "-"


def _plain(found: RunReport) -> dict[str, Any]:
    return {
        "broker": {"name": found.broker, "url": found.broker_url, "ready": found.is_broker_ready},
        "actors": [_plain_actor(actor) for actor in found.actors],
    }


def _plain_actor(actor: ActorReport) -> dict[str, Any]:
    depth = actor.depth
    return {
        "name": actor.name,
        "queue": actor.queue,
        "ready": actor.is_ready,
        "depth": depth and {"ready": depth.ready, "in_flight": depth.in_flight, "delayed": depth.delayed},
        "restarts": actor.restarts,
        "metrics": actor.metrics_url,
        "worker": actor.worker,
        "processes": [
            {
                "container": process.container,
                "pid": process.pid,
                "restarts": process.restarts,
                "exit_code": process.exit_code,
                "log": process.log,
            }
            for process in actor.processes
        ],
    }
