"""What all tests of bad input share: the row of the matrix that a test is about."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bad_input.page import Row, matrix


@pytest.fixture(scope="session")
def page() -> dict[str, Row]:
    return matrix()


@pytest.fixture
def row(request, page) -> Iterator[Row]:
    """Give a row of the page; the test has to hold it against what happened."""
    row = page[request.param]
    row.checked = False
    yield row
    assert row.checked, f"nothing was held against {row.id}"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Give a folder with a short path, since a socket's path may not be long."""
    with tempfile.TemporaryDirectory(prefix="asya-") as path:
        yield Path(path)


@pytest.fixture(autouse=True, scope="module")
def no_settings_of_the_machine() -> Iterator[None]:
    """Take away what the programs under test would read; what these tests read themselves stays."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("ASYA_") and not name.startswith(("ASYA_TEST_", "ASYA_NO_")):
                patch.delenv(name)
        yield
