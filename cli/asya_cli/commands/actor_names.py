"""Completion of actors' names on the command line."""

from __future__ import annotations

from pathlib import Path

import click

from asya_cli.local.running import STATE_DIR
from asya_cli.local.state import Folder


def complete_actor(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return the actors of the run that begin as the word does; after a comma, the next one of a route."""
    directory = ctx.obj if isinstance(ctx.obj, Path) else Path.cwd()
    try:
        actors = Folder(directory / STATE_DIR).read_info().actors
    except (OSError, ValueError):  # no run here, or one of another version
        return []
    before, comma, begun = incomplete.rpartition(",")
    return [f"{before}{comma}{actor.name}" for actor in actors if actor.name.startswith(begun) and not actor.is_end]
