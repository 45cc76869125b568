"""`asya run`: one handler, once."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from asya_cli.argument import STDIN, read_json
from asya_cli.errors import FAILED, CliError, MisuseError
from asya_cli.isolation import ProcessEndedError, run_in_child
from asya_cli.once import Call, HandlerRaisedError, call_handler, too_slow

_NOTHING = "note: the handler returned nothing; the message would go to happy-end as it is"


_HELP = """\
Call a handler once, as in production, and show its result.

HANDLER is module.function or module.Class.method, imported from the current directory. The message's payload is
given as JSON, as a file (FILE or @FILE), or on stdin (-).

The result is printed as JSON: indented on a terminal, else one line; each message of a fan-out is one line. What
the handler itself prints goes to stderr.

\b
asya run text_processor.process '{"text": "hello"}'
asya run classifier.TextClassifier.process @message.json --env MODEL_PATH=./model
cat message.json | asya run judge.Judge.process --mode envelope | jq .route

Exit codes: 0 it returned; 1 it raised, ended its process, or could not be loaded; 2 the command line is wrong.
"""


@click.command(help=_HELP)
@click.argument("handler", required=False)
@click.argument("argument", metavar="JSON|FILE|-", required=False)
@click.option(
    "--mode",
    type=click.Choice(["payload", "envelope"]),
    default="payload",
    show_default=True,
    help="What the handler gets: your data, or the whole message. A bare payload is wrapped into a message.",
)
@click.option("--env", "variables", multiple=True, metavar="KEY=VALUE", help="Set a variable; may be repeated.")
@click.option("--timeout", metavar="SECONDS", type=click.FloatRange(min=0, min_open=True), help="End it after so long.")
@click.pass_context
def command(
    ctx: click.Context,
    handler: str | None,
    argument: str | None,
    mode: str,
    variables: Sequence[str],
    timeout: float | None,
) -> int:
    """Call a handler once, as in production, and show its result."""
    if handler is None or (argument is None and sys.stdin.isatty()):
        click.echo(ctx.get_help(), err=True)
        return MisuseError.exit_code
    os.environ.update(variable(each) for each in variables)
    return call_and_show(Call(handler, read_json(STDIN if argument is None else argument), mode, timeout))


def call_and_show(call: Call) -> int:
    """Call a handler in a process of its own and print its results, or its traceback; return the exit code.

    Raises CliError where the handler ended the process, or was too slow. Call it before any thread is started.
    """
    began = time.monotonic()
    try:
        return run_in_child(lambda done: _call(call, done))
    except ProcessEndedError as error:
        if call.timeout is not None and time.monotonic() - began > call.timeout:
            raise CliError(too_slow(call.timeout)) from None
        raise CliError(
            f"the handler ended the process ({error.how}); no result is left of that; look for os._exit, or for a "
            "crash in a library that is not written in Python"
        ) from None


def _call(call: Call, done: Callable[[int], None]) -> int:
    """Call the handler and show its results. Whoever ends the process at the time limit calls `done` first."""
    try:
        results = call_handler(call, Path.cwd(), os.environ, done)
    except HandlerRaisedError as error:
        click.echo(error.detail, err=True)
        return FAILED
    _show(results)
    return 0


def variable(given: str) -> tuple[str, str]:
    """Split `KEY=VALUE`. Raises MisuseError."""
    name, equals, value = given.partition("=")
    if not equals or not name:
        raise MisuseError(f"--env {given!r} has no value; write it as KEY=VALUE")
    return name, value


def _show(results: Sequence[bytes]) -> None:
    """Print each result as a line of JSON; a single one on a terminal indented."""
    if not results:
        click.echo(_NOTHING, err=True)
    elif len(results) == 1 and sys.stdout.isatty():
        click.echo(json.dumps(json.loads(results[0]), indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace"))
    else:
        for result in results:
            click.echo(result)
