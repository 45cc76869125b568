"""Asking before many things are done at once, and saying what was done."""

from __future__ import annotations

import sys
from collections import Counter

import click

from asya_cli.errors import MisuseError


def confirm(question: str) -> None:
    """Go on only if a person says yes. Raises click.Abort, and MisuseError where nobody is there to be asked."""
    if not sys.stdin.isatty():
        raise MisuseError(f"{question} nobody is here to answer; say it with --yes, or look first with --dry-run")
    click.confirm(question, abort=True, err=True)


def counted(number: int, what: str) -> str:
    """Return a number with its noun: `1 error`, `2 errors`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def summed(tally: Counter[str], words: dict[str, str]) -> str:
    """Return what was done, in the order of `words`, without what did not occur; the first of them always."""
    first = next(iter(words))
    return ", ".join(f"{tally[key]} {text}" for key, text in words.items() if tally[key] or key == first)
