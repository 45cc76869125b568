"""How lines of several processes look on a terminal."""

from __future__ import annotations

from collections.abc import Iterable

import click

from asya_cli.local.logs import Line, readable

_COLOURS = ("cyan", "green", "yellow", "blue", "magenta", "bright_cyan", "bright_green", "bright_yellow")


class LineWriter:
    """Writes lines behind their source's name, each source in a colour of its own where colours are shown."""

    def __init__(self, sources: Iterable[str], *, raw: bool = False) -> None:
        self._raw = raw
        self._colours = {source: _COLOURS[index % len(_COLOURS)] for index, source in enumerate(sources)}
        self._width = max((len(source) for source in self._colours), default=0)

    def write(self, lines: Iterable[Line]) -> None:
        """Write the lines to stdout."""
        for line in lines:
            prefix = click.style(f"{line.source:{self._width}} |", fg=self._colours.get(line.source))
            for part in (line.text if self._raw else readable(line.text)).splitlines() or [""]:
                click.echo(f"{prefix} {part}")
