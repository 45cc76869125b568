"""The option that says in which folder a command works."""

from __future__ import annotations

from pathlib import Path

import click

directory_option = click.option(
    "-C",
    "--directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="Work as if started in this folder.",
)
