"""The entry point of `asya`: runs a command, and turns every failure into one line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from asya_cli.commands.root import command
from asya_cli.errors import FAILED, INTERRUPTED, MISUSED, CliError, tell


def main() -> None:
    """Run the command that the command line names, and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; errors are told on stderr."""
    try:
        code = command.main(list(arguments), prog_name="asya", standalone_mode=False)
    except (click.ClickException, click.Abort, CliError) as error:
        return _tell(error)
    except BrokenPipeError:
        # Whoever read our output has enough; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code if isinstance(code, int) else 0


def _tell(error: click.ClickException | click.Abort | CliError) -> int:
    if isinstance(error, click.Abort):
        return INTERRUPTED
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return MISUSED
    if isinstance(error, CliError):
        return tell(error)
    where = f"; see `{error.ctx.command_path} --help`" if isinstance(error, click.UsageError) and error.ctx else ""
    click.echo(f"error: {error.format_message().rstrip('.')}{where}", err=True)
    return error.exit_code


if __name__ == "__main__":
    main()
