"""The schema says what values.yaml says: types from defaults, the rest from hints, meanings as descriptions."""

from __future__ import annotations

import pytest

from tools.generate_schema import closed, expanded, properties_of
from tools.outputs import GenerateError
from tools.values_comments import read_keys, walk

VALUES = """
# A heading that belongs to nothing.

# -- How many,
# over two lines.
# @schema {minimum: 1}
count: 3

group:
  # -- A name.
  name: ""
  # -- None by default.
  # @schema {type: [integer, "null"]}
  limit: null

# -- A map of its own.
# @schema {use: strings}
labels: {}

# -- One of two.
# @schema {enum: [a, b]}
choice: a
"""


@pytest.fixture
def values(tmp_path):
    path = tmp_path / "values.yaml"
    path.write_text(VALUES)
    return path


def test_types_come_from_defaults_and_the_rest_from_hints(values):
    assert properties_of(read_keys(values)) == {
        "count": {"type": "integer", "minimum": 1, "description": "How many, over two lines."},
        "group": closed(
            {
                "name": {"type": "string", "description": "A name."},
                "limit": {"type": ["integer", "null"], "description": "None by default."},
            }
        ),
        "labels": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "A map of its own.",
        },
        "choice": {"enum": ["a", "b"], "description": "One of two."},
    }


def test_keys_are_named_by_their_path(values):
    assert [key.path for key in walk(read_keys(values))] == [
        *("count", "group", "group.name", "group.limit", "labels", "choice")
    ]


def test_a_key_that_says_nothing_is_refused(tmp_path):
    path = tmp_path / "values.yaml"
    path.write_text("a:\n  # -- Said.\n  b: 1\n  c: 2\n")

    with pytest.raises(GenerateError, match=r"a\.c: no line `# -- …` says what it means"):
        read_keys(path)


def test_values_that_are_no_map_are_refused(tmp_path):
    path = tmp_path / "values.yaml"
    path.write_text("- 1\n")

    with pytest.raises(GenerateError, match="holds no map of values"):
        read_keys(path)


def test_shapes_are_written_out_wherever_they_are_used():
    hint = {"type": "array", "items": {"closed": True, "properties": {"labels": {"use": "strings"}}}}

    labels = {"type": "object", "additionalProperties": {"type": "string"}}
    assert expanded(hint) == {"type": "array", "items": closed({"labels": labels})}
