"""Tables of values, made from the comments of values.yaml."""

from __future__ import annotations

import pytest

from tools.chart_docs import BEGIN, END, with_table
from tools.outputs import GenerateError
from tools.values_comments import read_keys

VALUES = """\
# -- What to run, `a|b`.
# @schema {enum: [a, b]}
kind: a

group:
  # -- How many. Empty: none.
  # @schema {type: [integer, "null"]}
  count: null
  # -- More.
  more: {}
"""


@pytest.fixture
def keys(tmp_path):
    (tmp_path / "values.yaml").write_text(VALUES)
    return read_keys(tmp_path / "values.yaml")


def test_the_table_stands_between_the_marks_and_the_rest_stays(keys):
    assert with_table("x", f"# x\n\n{BEGIN}\nold\n{END}\n\nafter\n", keys) == (
        f"# x\n\n{BEGIN}\n\n| key | type | default | meaning |\n|---|---|---|---|\n"
        "| `kind` | one of `a`, `b` | `a` | What to run, `a\\|b`. |\n"
        "| `group.count` | integer |  | How many. Empty: none. |\n"
        f"| `group.more` | map | `{{}}` | More. |\n\n{END}\n\nafter\n"
    )


def test_making_it_twice_changes_nothing(keys):
    once = with_table("x", f"{BEGIN}{END}", keys)

    assert with_table("x", once, keys) == once


def test_a_readme_without_a_place_for_it_is_refused(keys):
    with pytest.raises(GenerateError, match=r"charts/x/README.md has no place for its values"):
        with_table("x", "# x\n", keys)
