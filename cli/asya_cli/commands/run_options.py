"""The options that say how actors are run on this machine, for all commands that run some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from asya_cli.commands.file_names import complete_values
from asya_cli.local.brokers import NAMES

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "-f",
        "--values",
        "files",
        multiple=True,
        metavar="FILE",
        help="Further values; may be repeated.",
        shell_complete=complete_values,
    ),
    click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="One further value; may be repeated."),
    click.option("--transport", type=click.Choice(NAMES), default="nats", show_default=True, help="Which broker."),
    click.option(
        "--timeout",
        type=click.FloatRange(min=1),
        default=60.0,
        show_default=True,
        help="Seconds until all must be ready.",
    ),
)


def run_options(command: F) -> F:
    """Give a command the options `files`, `sets`, `transport` and `timeout`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
