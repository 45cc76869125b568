"""Write the tables of docs/flavors.md from the flavors themselves; the rest of that page is written by hand."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tools.flavors import Flavor, conflicts, read_flavors
from tools.outputs import ROOT, GenerateError, Output, run

PAGE = ROOT / "docs" / "flavors.md"
_ENTRY = re.compile(
    r"preset\.(nodeAffinity\.\w+|tolerations|volumes|volumeMounts|initContainers|policies|rules)\.[^.]+"
)
BEGIN, END = "<!-- flavors: begin -->\n", "<!-- flavors: end -->\n"


def make() -> Iterator[Output]:
    """Yield the page, its tables made anew. Raises GenerateError where the marks are gone."""
    text = PAGE.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise GenerateError(f"{PAGE.name} has no lines {BEGIN.strip()} and {END.strip()}; put them where the tables go")
    yield Output(PAGE.parent, PAGE.name, {PAGE.name: f"{before}{BEGIN}\n{tables(read_flavors())}\n{END}{after}"})


def tables(flavors: list[Flavor]) -> str:
    """Return the three tables: what flavors are for, what they set, and where two of them differ."""
    settings = [(f"`{flavor.name}`", ", ".join(_settings(flavor.settings))) for flavor in flavors]
    differing = [(f"`{one}`", f"`{other}`", _codes(keys)) for (one, other), keys in conflicts(flavors).items()]
    parts = [
        _table(
            ("flavor", "what it does", "needs"),
            [(f"`{each.name}`", each.does, each.needs.rstrip(".")) for each in flavors],
        ),
        "### What each sets\n",
        _table(("flavor", "values"), settings),
        "### Which two do not agree\n",
        "Every two flavors render together. These set the same keys to different values, so the last one given wins:\n",
        _table(("flavor", "and", "differ in"), differing),
    ]
    return "\n".join(parts)


def _settings(settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield `key: value` for each setting, and for what has several fields (a toleration, a policy) its name alone."""
    named: dict[str, None] = {}
    for path, value in settings.items():
        if entry := _ENTRY.match(path):
            named[entry[0]] = None
        elif not path.startswith("preset.flavors."):
            yield f"`{path}: {value if isinstance(value, str) else json.dumps(value)}`"
    yield from (f"`{name}`" for name in named)


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(f"`{text}`" for text in texts)


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.exit(run([make]))
