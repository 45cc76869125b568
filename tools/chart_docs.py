"""Write what values.yaml says of its keys into the charts' READMEs and into one page of the documents."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby

from tools.generate_schema import TYPES, said_of
from tools.outputs import ROOT, GenerateError, Output, run
from tools.values_comments import Key, read_keys, walk

CHARTS = ("actor", "pipeline", "crew")
PAGE = ROOT / "docs" / "reference"
BEGIN, END = "<!-- values: made by `make generate` from values.yaml -->", "<!-- end of values -->"
_SECTION = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
_HEAD = "| key | type | default | meaning |\n|---|---|---|---|\n"
_PAGE = """\
# Values

Made by `make generate` from each chart's `values.yaml`; do not edit.

Lengths of time are written like `30s`, `5m` or `1h30m`; a bare number counts seconds. A key that nobody knows is
refused with those that are known there; `asya lint` also names its line and the nearest right one. Values are joined in
this order, the last one winning key by key: the chart's defaults, files given with `-f` from left to right, `--set`.
"""
_ABOUT = {
    "actor": "One release is one actor. `image` and `handler` are all that must be given.",
    "pipeline": "Several actors in one release. Every key of the chart `actor` may stand beside these and counts for "
    "all; under `actors.<name>` it counts for that one.",
    "crew": "The end actors. Every key of the chart `actor` may stand beside these and counts for both; under "
    "`happy-end` and `error-end` it counts for that one.",
}


def make() -> Iterator[Output]:
    """Yield the charts' READMEs with their tables, and the page. Raises GenerateError for a README without a place."""
    page = [_PAGE]
    for chart in CHARTS:
        folder = ROOT / "charts" / chart
        keys = read_keys(folder / "values.yaml")
        yield Output(
            folder, "README.md", {"README.md": with_table(chart, (folder / "README.md").read_text("utf-8"), keys)}
        )
        page.append(f"## Chart `{chart}`\n\n{_ABOUT[chart]}\n\n" + "\n".join(_sections(keys)))
    yield Output(PAGE, "values.md", {"values.md": "\n".join(page)})


def with_table(chart: str, readme: str, keys: dict[str, Key]) -> str:
    """Return a README with the table of all values between its two marks. Raises GenerateError without them."""
    if not _SECTION.search(readme):
        raise GenerateError(
            f"charts/{chart}/README.md has no place for its values; add a line {BEGIN} and a line {END}"
        )
    table = _table(key for key in walk(keys) if not key.children)
    return _SECTION.sub(lambda _: f"{BEGIN}\n\n{table}\n{END}", readme)


def _sections(keys: dict[str, Key]) -> Iterator[str]:
    """Yield a table for keys that follow one another, and one with a heading for each group of keys."""
    for grouped, entries in groupby(keys.values(), key=lambda key: key.path if key.children else ""):
        table = _table(key for entry in entries for key in walk({entry.path: entry}) if not key.children)
        yield f"### {grouped}\n\n{table}" if grouped else table


def _table(keys: Iterable[Key]) -> str:
    return _HEAD + "".join(
        f"| `{key.path}` | {_type(key)} | {_default(key)} | {key.meaning.replace('|', chr(92) + '|')} |\n"
        for key in keys
    )


def _type(key: Key) -> str:
    said = said_of(key)
    if "enum" in said:
        return "one of " + ", ".join(f"`{each}`" for each in said["enum"])
    types = said.get("type", TYPES.get(type(key.default), "object"))
    names = [each for each in ([types] if isinstance(types, str) else types) if each != "null"]
    return " or ".join({"object": "map", "array": "list", "string": "text"}.get(name, name) for name in names)


def _default(key: Key) -> str:
    return (
        ""
        if key.default in (None, "")
        else f"`{json.dumps(key.default)}`"
        if not isinstance(key.default, str)
        else (f"`{key.default}`")
    )


if __name__ == "__main__":
    sys.exit(run([make]))
