"""A command group whose members are imported only when they are called, so that each command starts fast."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click


class LazyGroup(click.Group):
    """`members` maps a command's name to the module that holds it, as `command`."""

    def __init__(self, *args: Any, members: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._members = members

    def list_commands(self, _: click.Context) -> list[str]:
        """Return the names in the order of the help text."""
        return list(self._members)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None for a name that nobody has."""
        if cmd_name not in self._members:
            return None
        command: click.Command = importlib.import_module(self._members[cmd_name]).command
        return command
