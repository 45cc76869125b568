"""What the commands tell a person who can do something about it: what is wrong, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from asya_core.errors import AsyaError

FAILED = 1
"""Exit code: the command understood what was asked and could not do it, or the message ended in an error."""

MISUSED = 2
"""Exit code: the command line, or a file that it names, is not what the command takes."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells give it."""


class CliError(Exception):
    """Ends a command with one line, `error: what; why; what to do`, and an exit code."""

    exit_code = FAILED

    def __init__(self, sentence: str, *, detail: str = "") -> None:
        super().__init__(sentence)
        self.detail = detail
        """Lines to show above the sentence: another program's own words, for example."""


class MisuseError(CliError):
    """The command line is not what the command takes."""

    exit_code = MISUSED


def tell(error: CliError) -> int:
    """Show an error on stderr and return its exit code."""
    if error.detail:
        click.echo(error.detail, err=True)
    click.echo(f"error: {error}", err=True)
    return error.exit_code


@contextmanager
def told() -> Iterator[None]:
    """Turn what our libraries raise for a person into a CliError. Raises CliError."""
    try:
        yield
    except AsyaError as error:
        raise CliError(str(error)) from None
