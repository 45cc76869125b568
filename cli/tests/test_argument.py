import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asya_cli.argument import read_json, read_text
from asya_cli.errors import MisuseError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_json_itself_is_taken_as_it_is(value):
    text = json.dumps(value)
    assert read_json(text) == text.encode()


@pytest.mark.parametrize("prefix", ["", "@"])
def test_a_file_is_read(prefix, tmp_path):
    file = tmp_path / "message.json"
    file.write_text('{"text": "hä"}\n', encoding="utf-8")
    assert json.loads(read_json(f"{prefix}{file}")) == {"text": "hä"}


def test_what_is_json_is_json_even_if_a_file_has_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "42").write_text('"from the file"')
    assert read_json("42") == b"42"
    assert read_json("@42") == b'"from the file"'


def test_a_dash_reads_stdin():
    assert read_json("-", io.BytesIO(b'{"a": 1}')) == b'{"a": 1}'
    assert read_text("-", io.BytesIO(b"lines\n")) == b"lines\n"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("hello", r"'hello' is neither JSON nor a file .*; write a text as '\"hello\"', or give @file"),
        ("{text: 1}", "neither JSON nor a file .*; write names and texts in double quotes"),
        ("@nowhere.json", r"can't read @nowhere\.json; No such file or directory; check the path"),
        ("x" * 5000, "is neither JSON nor a file"),
        ("a\0b", "is neither JSON nor a file"),
        ("[" * 100_000, "is neither JSON nor a file"),
    ],
)
def test_what_is_neither_is_a_mistake_that_says_what_to_do(given, sentence):
    with pytest.raises(MisuseError, match=sentence):
        read_json(given)


def test_a_file_or_stdin_without_json_is_a_mistake(tmp_path):
    file = tmp_path / "message.json"
    file.write_text("{'a': 1}")
    with pytest.raises(MisuseError, match=r"message\.json holds no JSON .*; correct it"):
        read_json(str(file))
    with pytest.raises(MisuseError, match="stdin holds no JSON"):
        read_json("-", io.BytesIO(b""))
