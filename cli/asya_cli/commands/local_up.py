"""`asya local up`."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from asya_cli.assets import find_assets
from asya_cli.commands.file_names import complete_file
from asya_cli.commands.run_options import run_options
from asya_cli.console import LineWriter
from asya_cli.errors import CliError, MisuseError
from asya_cli.local.actors import read_actors
from asya_cli.local.differences import unread_names
from asya_cli.local.endings import MEMORY_ALONE, describe_waiting
from asya_cli.local.logs import INTERVAL, LogReader, log_files
from asya_cli.local.planning import Planned, Wish
from asya_cli.local.run import LocalRun

_HELP = """\
Start a broker and actors, and keep them running until Ctrl-C.

ACTORS are handlers (module.function or module.Class.method, imported from the current directory), values files, each
of one actor, its stem the actor's name, or folders of such files. A handler's actor is called like its module, with -
for _; NAME=HANDLER chooses another name.

\b
asya local up text_processor.process
asya local up shout=text_processor.process classifier.TextClassifier.process
asya local up my-model.yaml -f flavors/gpu.yaml
asya local up actors/ -f flavors/gpu.yaml --set logLevel=DEBUG --detach

Every actor is rendered with its chart and values/local.yaml; what differs from a cluster is listed in
.asya/substitutions.txt. Secrets that actors need are read from files .asya/secrets/<secret>/<key>. Results go to
.asya/results; with --store to that place, which is entered as this shell's variables say (AWS_ACCESS_KEY_ID, …).

Exit codes: 0 it ran until it was told to stop (or was left running by --detach); 1 it could not start; 2 the command
line is wrong.
"""

_OBJECT_STORAGE = ("s3://", "gs://", "az://")


@click.command(help=_HELP)
@click.argument("actors", nargs=-1, required=True, shell_complete=complete_file)
@run_options
@click.option("--python", "pythons", multiple=True, metavar="[ACTOR=]PROGRAM", help="Interpreter for handlers.")
@click.option("--store", default="", metavar="URL", help="Where results and errors go, such as s3://bucket/path.")
@click.option("-d", "--detach", is_flag=True, help="Return once all is ready, and leave it running.")
@click.option("--fresh", is_flag=True, help="Forget messages and results of earlier runs.")
@click.option("-v", "--verbose", is_flag=True, help="List everything that differs from a cluster.")
@click.pass_obj
def command(directory: Path, /, actors: Sequence[str], *, detach: bool, verbose: bool, **options: Any) -> int | None:
    """Start a broker and actors."""
    wish = _wish(directory, actors, options)
    run = LocalRun(wish, transport=options["transport"], fresh=options["fresh"])
    began = time.monotonic()
    planned = run.start(_report)
    for each in planned.overruled:
        click.echo(each.warning, err=True)
    click.echo(_summary(planned, time.monotonic() - began))
    if verbose:
        click.echo(run.folder.substitutions.read_text(encoding="utf-8"))
    if detach:
        run.keep()
        click.echo("left running; `asya local down` stops it")
        return None
    return _stay(run)


def _wish(directory: Path, actors: Sequence[str], options: dict[str, Any]) -> Wish:
    assets = find_assets()
    files = [assets.values_file(given, directory) for given in options["files"]]
    default, by_actor = _pythons(options["pythons"])
    if options["store"] and not options["store"].startswith(_OBJECT_STORAGE):
        raise MisuseError(
            f"--store {options['store']!r} is no object storage; its URL begins with one of "
            f"{', '.join(_OBJECT_STORAGE)}; without the option, results go to .asya/results"
        )
    return Wish(
        work=directory,
        actors=read_actors(actors, directory, by_actor),
        values_files=files,
        sets=options["sets"],
        python=default,
        store=options["store"],
        ready_timeout=options["timeout"],
    )


def _pythons(given: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Return the interpreter for all actors, and those for single ones."""
    default, by_actor = sys.executable, {}
    for each in given:
        actor, equals, program = each.rpartition("=")
        if not program:
            raise MisuseError(f"--python {each!r} names no program; write it as PROGRAM or ACTOR=PROGRAM")
        if equals:
            by_actor[actor] = program
        else:
            default = program
    return default, by_actor


def _report(event: dict[str, Any]) -> None:
    if event["event"] == "broker":
        click.echo(f"{event['name']} is up", err=True)
    elif event["event"] == "processes":
        click.echo(f"queues are there; waiting for {event['count']} processes", err=True)


def _summary(planned: Planned, took: float) -> str:
    actors = [actor.name for actor in planned.info.actors if not actor.is_end]
    ends = [actor.name for actor in planned.info.actors if actor.is_end]
    warning = f" ({MEMORY_ALONE}; they are gone when it ends)" if planned.info.is_forgetful else ""
    return (
        f"ready after {took:.1f} s: {', '.join(actors)} ({' and '.join(ends)} store what comes out)\n"
        f"broker: {planned.info.broker_url}{warning}\n"
        f"send a message: asya local send {actors[0]} '{{}}' --follow\n"
        f"not honoured without a cluster: {', '.join(unread_names(planned.unread))} (more in .asya/substitutions.txt)"
    )


class _Presses:
    """Counts Ctrl-C, and SIGTERM: the first ends the run, each further one at once.

    A handler and no KeyboardInterrupt, for that could come between any two lines.
    """

    def __init__(self, run: LocalRun) -> None:
        self.count = 0
        self._run = run
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._press)

    def _press(self, *_: object) -> None:
        self._run.ask_to_stop(at_once=self.count > 0)
        self.count += 1


def _stay(run: LocalRun) -> int:
    """Show the logs until the run ends."""
    presses, told = _Presses(run), False
    files = log_files(run.state.processes, None, run.info.transport)
    reader, writer = LogReader(files), LineWriter(files)
    click.echo("Ctrl-C stops it")
    while run.is_up():
        writer.write(reader.read())
        if presses.count and not told:
            click.echo("stopping; what runs is finished first, Ctrl-C again ends it at once", err=True)
            told = True
        time.sleep(INTERVAL)
    writer.write(reader.read(rest=True))
    if run.state.phase != "stopped":
        raise CliError(f"the local run's supervisor died; read {run.folder.logs / 'supervisor.log'} and start it again")
    for line in describe_waiting(run.state.waiting, is_forgetful=run.info.is_forgetful):
        click.echo(line, err=True)
    click.echo("stopped" if presses.count else "stopped from elsewhere", err=True)
    return 0
