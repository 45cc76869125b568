"""`asya`, above all other commands."""

from __future__ import annotations

import importlib
from typing import Any

import click

from asya_cli.lazy import LazyGroup

_MEMBERS = {
    "run": "asya_cli.commands.run",
    "local": "asya_cli.commands.local",
    "bench": "asya_cli.commands.bench",
    "errors": "asya_cli.commands.errors",
    "queues": "asya_cli.commands.queues",
    "replay": "asya_cli.commands.replay",
    "cancel": "asya_cli.commands.cancel",
    "gc": "asya_cli.commands.gc",
    "lint": "asya_cli.commands.lint",
    "convert": "asya_cli.commands.convert",
    "completion": "asya_cli.commands.completion",
}


def _print_version(ctx: click.Context, _: click.Parameter, wanted: Any) -> None:
    if wanted and not ctx.resilient_parsing:
        metadata = importlib.import_module("importlib.metadata")  # 25 ms, which the other commands need not wait
        click.echo(f"asya {metadata.version('asya')}")
        ctx.exit()


_HELP = """\
Turn Python functions into actors: try a handler, run a pipeline on this machine, check what goes into a cluster, mend
what has failed there.

\b
asya run text_processor.process '{"text": "hi"}'     call a handler once
asya local up text_processor.process                 run it as an actor
asya local send text-processor '{"text": "hi"}' -f   send it a message
asya bench text_processor.process '{"text": "hi"}'   see how fast it is, and what limits it
asya errors ls --last 2h                             see what has failed
asya errors redrive --reason timeout_error           let it try again
asya queues ls                                       see what waits
asya lint actors/                                    check values files with the chart
asya convert actor.yaml                              make values files of AsyncActors
"""


@click.group(
    help=_HELP,
    cls=LazyGroup,
    members=_MEMBERS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done; 1 it failed, or the message ended in an error; 2 the command line is wrong.",
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Show the version."
)
def command() -> None:
    """Turn Python functions into actors: try a handler, run a pipeline here, check what goes into a cluster."""
