"""`asya bench`: how fast one actor is, and what limits it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from asya_cli.argument import read_json
from asya_cli.assets import find_assets
from asya_cli.bench.outcome import Outcome, as_json, as_table
from asya_cli.bench.trial import EMPTY, Course, bench_run, measure
from asya_cli.commands.directory_option import directory_option
from asya_cli.commands.file_names import complete_file
from asya_cli.commands.run_options import run_options
from asya_cli.errors import MisuseError
from asya_cli.local.actors import Actor, read_actors
from asya_cli.local.planning import Wish
from asya_cli.repair.progress import progress

_HELP = """\
Measure how many messages a second an actor processes, and tell what limits it: its handler, the reading and writing of
JSON, prefetch, the sidecar, the machine, or the broker.

ACTOR is a handler (module.function or module.Class.method, imported from the current directory) or a values file; what
it gets is PAYLOAD: JSON, a file (FILE or @FILE), or stdin (-). It runs as one pod of the chart does, on a broker of its
own, beside an actor whose handler does nothing. Their queues are filled while they stand still; then they drain them
in turn, and the clock runs.

\b
asya bench text_processor.process '{"text": "hello"}'
asya bench my-model.yaml @message.json --transport rabbitmq --set prefetch=50
asya bench classifier.TextClassifier.process @message.json --json | jq .limit

A broker that runs already, like the one of your cluster, is used with the variables of `asya local`, such as
ASYA_LOCAL_RABBITMQ_URL. Where its processes are elsewhere, their processor time is told as 0.

Exit codes: 0 it was measured; 1 it could not start, or messages failed; 2 the command line is wrong.
"""

_EXPLAINED = "times in µs a message: of a call, and of processors"


@click.command(help=_HELP)
@click.argument("actor", shell_complete=complete_file)
@click.argument("payload", metavar="JSON|FILE|-")
@run_options
@click.option("--python", default=sys.executable, metavar="PROGRAM", help="Interpreter for the handler.")
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True, help="Rounds; the median counts.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.1),
    default=3.0,
    show_default=True,
    help="How long a round takes, about; a slow handler takes longer.",
)
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object.")
@directory_option
def command(*, actor: str, payload: str, directory: Path, as_object: bool, **options: Any) -> None:
    """Measure how fast an actor is, and tell what limits it."""
    body = read_json(payload)
    wish = _wish(directory.resolve(), actor, options)
    rounds = options["rounds"]
    with bench_run(wish, options["transport"]) as run, progress("rounds", 2 * rounds) as step:
        course = Course(rounds, options["seconds"], step)
        outcome = asyncio.run(measure(run, wish.actors[0].name, body, course))
    if as_object:
        click.echo(json.dumps(as_json(outcome)))
    else:
        _show(outcome)


def _wish(directory: Path, given: str, options: dict[str, Any]) -> Wish:
    """Return what to run: the one actor that is given, and the empty handler. Raises MisuseError."""
    assets = find_assets()
    actors = read_actors([given], directory)
    if len(actors) != 1:
        raise MisuseError(f"{given} holds {len(actors)} actors; one is measured at a time; name one of its files")
    return Wish(
        work=directory,
        actors=[*actors, Actor(EMPTY, alone=True)],
        values_files=[assets.values_file(each, directory) for each in options["files"]],
        sets=options["sets"],
        python=options["python"],
        ready_timeout=options["timeout"],
    )


def _show(outcome: Outcome) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"one pod on {outcome.transport}, payload of {outcome.payload_bytes} bytes, {_EXPLAINED}\n")
    console.print(as_table(outcome))
    limit = outcome.limit
    console.print(f"\nlimited by: {limit.name}; {limit.because}\nwhat helps: {limit.remedy}")
