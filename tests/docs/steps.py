"""What a page of documentation asks its reader to do: files to write and commands to run, in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="(?P<name>[^"]+)"')
_FAILS = re.compile(r"^(?:error:|Traceback )", re.MULTILINE)
ANYTHING = "…"
"""In shown output: any characters within a line, or as a line of its own any number of lines."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that the reader is to write."""

    name: str
    content: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command that the reader is to run, and what the page shows as its output."""

    line: str
    shown: str

    @property
    def fails(self) -> bool:
        """Whether the page shows a failure."""
        return _FAILS.search(self.shown) is not None


def read_steps(page: str) -> Iterator[File | Command]:
    """Yield files (blocks with a title) and commands (lines with `$` in console blocks) in the page's order.

    Raises ValueError for a block that is neither, for nothing that is shown may go untried.
    """
    for fence in _FENCE.finditer(page):
        info, body = fence["info"].strip(), fence["body"]
        if title := _TITLE.search(info):
            yield File(title["name"], body)
        elif info == "console":
            yield from _commands(body)
        else:
            raise ValueError(f"a block {info!r} is neither a file nor a console: {body[:60]!r}")


def _commands(body: str) -> Iterator[Command]:
    before, *parts = re.split(r"^\$ ", body, flags=re.MULTILINE)
    if before:
        raise ValueError(f"output without a command: {before[:60]!r}")
    for part in parts:
        line, _, shown = part.partition("\n")
        yield Command(line, shown)


def matches(shown: str, printed: str) -> bool:
    """Tell whether a command printed what the page shows."""
    pattern = "".join(_line_pattern(line) for line in shown.splitlines())
    return re.fullmatch(pattern, printed if printed.endswith("\n") or not printed else f"{printed}\n") is not None


def _line_pattern(line: str) -> str:
    if line.strip() == ANYTHING:
        return r"(?:[^\n]*\n)*?"
    within = r"[^\n]*?".join(re.escape(part) for part in line.split(ANYTHING))
    return rf"{within}\s*\n"
