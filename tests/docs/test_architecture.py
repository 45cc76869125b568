"""The page on how the parts fit names every module of the two containers, and none that is not there; and it shows the
states of a message as the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from asya_sidecar import states

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


def section_of_states():
    return PAGE.read_text(encoding="utf-8").split("## A message's states\n")[1].split("\n## ")[0]


def test_the_picture_of_a_messages_states_is_that_of_the_code():
    _, picture, *_ = re.split(r"^```\n", section_of_states(), flags=re.MULTILINE)

    assert picture in states.__doc__
    assert set(re.findall(r"[A-Z]{2,}", picture)) == set(states.State.__members__)


def test_every_step_between_states_is_one_of_the_codes_and_the_reverse():
    told = re.findall(r"^\| ([A-Z]+) \| ([A-Z]+) \| (.+) \|$", section_of_states(), re.MULTILINE)
    known = re.findall(r"^    ([A-Z]+) +([A-Z]+) +([a-z].+)$", states.__doc__, re.MULTILINE)

    assert told == known
    assert {name for step in known for name in step[:2]} | {"RELEASED"} == set(states.State.__members__)
