"""The matrix of bad input, two pages of the reference, as data, and the link between its rows and tests.

Each row has an id, and each test here is made for rows: a row without a test, a test without a row, and a sentence that
is not what is really said fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("errors.md", "refused-settings.md")
HEAD = ["id", "what is wrong", "code", "what is said", "where", "what to do"]
NOTHING = "—"
TESTED: set[str] = set()
"""The rows that some test is made for; complete once all modules of this folder are imported."""

_CELL = re.compile(r"(?<!\\)\|")


class Row:
    """One line of the matrix. In `said`, … stands for anything."""

    def __init__(self, cells: list[str]) -> None:
        self.id, self.wrong, self.code, self.said, self.where, self.remedy = (_plain(cell) for cell in cells)
        self.checked = False

    def check(self, *, where: str, said: str = "", code: str = "") -> None:
        """Hold the row against what really happened: where it was seen, with which code and in which words."""
        self.checked = True
        assert (self.where, self.code) == (where, code or NOTHING)
        pattern = ".*".join(map(re.escape, self.said.split("…")))
        assert re.fullmatch(pattern, said or NOTHING, re.DOTALL), f"the page says {self.said!r}, but {said!r} was said"


def matrix() -> dict[str, Row]:
    """Return the pages' rows by id."""
    rows = [Row(cells) for page in PAGES for cells in _tables(ROOT / "docs/reference" / page)]
    found = {row.id: row for row in rows}
    assert len(found) == len(rows), "an id stands there twice"
    return found


def rows(*ids: str) -> pytest.MarkDecorator:
    """Run a test once for each of these rows; it gets `row`."""
    TESTED.update(ids)
    return pytest.mark.parametrize("row", ids, indirect=True)


def each(cases: Mapping[str, Any]) -> pytest.MarkDecorator:
    """Run a test once for each row and its case; it gets `row` and `case`."""
    TESTED.update(cases)
    params = [pytest.param(name, case, id=name) for name, case in cases.items()]
    return pytest.mark.parametrize(("row", "case"), params, indirect=["row"])


def _tables(page: Path) -> Iterator[list[str]]:
    """Yield the cells of each line of the tables that belong to the matrix."""
    inside = False
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in _CELL.split(line)[1:-1]]
        if cells == HEAD:
            inside = True
        elif not cells:
            inside = False
        elif inside and not set(cells[0]) <= {"-"}:
            assert len(cells) == len(HEAD), line
            yield cells


def _plain(cell: str) -> str:
    """Take Markdown's marks off a cell; what holds backticks itself stands between two of them and a space."""
    if cell.startswith("``"):
        return cell.removeprefix("`` ").removesuffix(" ``").replace(r"\|", "|")
    return (cell[1:-1] if cell.startswith("`") and cell.endswith("`") else cell).replace(r"\|", "|")
