"""The page on how the parts fit names every module of the two containers, and none that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "concepts" / "architecture.md"
PACKAGES = {
    "In the sidecar": ROOT / "images" / "sidecar" / "asya_sidecar",
    "In the runtime": ROOT / "images" / "runtime" / "asya_runtime",
}
CORE = ROOT / "lib" / "asya_core"


@pytest.mark.parametrize("heading", PACKAGES)
def test_the_table_of_a_container_names_its_modules(heading):
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    named = re.findall(r"`(?:asya_core/)?(\w+\.py)`", section)
    there = {path.name for path in PACKAGES[heading].glob("*.py")} - {"__init__.py"}
    core = {path.name for path in CORE.glob("*.py")} if "asya_core/" in section else set()

    assert there <= set(named)
    assert set(named) <= there | core
    assert sorted(set(named)) == sorted(named), "a module is named twice"
