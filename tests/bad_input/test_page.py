"""The page and the tests name the same rows."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.bad_input.page import TESTED

PLACES = {"error record", "next actor", "sidecar's log", "runtime's log", "exit code 1", "exit code 2", "exit code 3"}


def test_every_row_has_a_test_and_every_test_a_row(page):
    for module in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(f"tests.bad_input.{module.stem}")
    assert set(page) - TESTED == set(), "rows without a test"
    assert TESTED - set(page) == set(), "tests without a row"


def test_every_row_says_all_that_its_reader_needs(page):
    for row in page.values():
        assert row.wrong, row.id
        assert row.remedy, row.id
        assert row.where, row.id
