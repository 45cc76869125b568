"""The chart's copy of the runtime is whole, flat and small enough for a ConfigMap."""

from __future__ import annotations

import ast

import pytest

from tools.copy_runtime import LARGEST, SOURCE, make, without_words
from tools.outputs import GenerateError


def test_every_module_is_copied(tmp_path):
    (tmp_path / "a.py").write_text("A = 'ä'\n", encoding="utf-8")
    (tmp_path / "py.typed").write_text("")

    [output] = make(tmp_path, tmp_path / "copy")

    assert output.files == {"a.py": "A = 'ä'\n"}


def test_no_runtime_is_no_copy(tmp_path):
    with pytest.raises(GenerateError, match="holds no runtime to copy"):
        list(make(tmp_path, tmp_path / "copy"))


def test_a_module_in_a_folder_is_refused(tmp_path):
    (tmp_path / "a.py").write_text("")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/b.py").write_text("")

    with pytest.raises(GenerateError, match=r"inner/b\.py is in a folder of the runtime"):
        list(make(tmp_path, tmp_path / "copy"))


@pytest.mark.parametrize(("size", "fits"), [(LARGEST - 1, True), (LARGEST, False)])
def test_a_runtime_too_large_for_a_config_map_is_refused(tmp_path, size, fits):
    (tmp_path / "a.py").write_text("x" * size)

    if fits:
        assert len(list(make(tmp_path, tmp_path / "copy"))) == 1
    else:
        with pytest.raises(GenerateError, match=f"has {size} bytes, over the {LARGEST}"):
            list(make(tmp_path, tmp_path / "copy"))


TEXT = '''"""What the module
is for."""

NAME = """no docstring"""


class Empty(Exception):
    """Only
    words."""


def process(payload):
    """Words."""
    # a line of its own
    "# not the first statement"
    return payload  # why
'''


def test_docstrings_become_empty_lines_and_comments_go():
    text = without_words(TEXT)

    assert text.split("\n")[:7] == ["", "", "", 'NAME = """no docstring"""', "", "", "class Empty(Exception):"]
    assert text.split("\n")[7:9] == ["    ...", ""]
    assert '\n\n    "# not the first statement"\n    return payload\n' in text


@pytest.mark.parametrize("path", sorted(SOURCE.glob("*.py")), ids=lambda path: path.name)
def test_the_copy_of_a_module_does_the_same_on_the_same_lines(path):
    def code(tree):
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                first = node.body[0] if node.body else None
                if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(node.body) > 1:
                    node.body = node.body[isinstance(first.value.value, str) :]
        return [(type(node).__name__, getattr(node, "lineno", 0)) for node in ast.walk(tree)]

    whole = path.read_text(encoding="utf-8")
    copied = without_words(whole)

    assert whole.count("\n") == copied.count("\n")
    assert code(ast.parse(whole)) == code(ast.parse(copied))
