"""`asya local`: actors on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from asya_cli.commands.directory_option import directory_option
from asya_cli.lazy import LazyGroup

_HELP = """\
Run actors on this machine, without a cluster.

A broker is started, and what the charts render for each actor is run as processes. The run lives in the folder .asya
of the current directory.

\b
asya local up text_processor.process --detach
asya local send text-processor '{"text": "hello"}' --follow
asya local status
asya local logs text-processor
asya local down
"""

_MEMBERS = {
    "up": "asya_cli.commands.local_up",
    "send": "asya_cli.commands.local_send",
    "status": "asya_cli.commands.local_status",
    "logs": "asya_cli.commands.local_logs",
    "down": "asya_cli.commands.local_down",
}


@click.group(help=_HELP, cls=LazyGroup, members=_MEMBERS)
@directory_option
@click.pass_context
def command(ctx: click.Context, directory: Path) -> None:
    """Run actors on this machine, without a cluster."""
    ctx.obj = directory.resolve()
