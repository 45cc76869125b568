import subprocess

import pytest

from tools import budgets

# In pieces, as in the tool: this file is under the same rules.
LATER = "TO" + "DO"
HIDDEN = "no" + "qa"


@pytest.fixture
def repository(tmp_path):
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("ignored/\n")
    return tmp_path


def put(repository, path, text):
    file = repository / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(budgets.check_file(repository, path))


def function(lines):
    return "def long():\n" + "    pass\n" * (lines - 1)


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("lib/route.py", 300),
        ("lib/tests/test_route.py", 300),
        ("README.md", 150),
        ("charts/actor/values.yaml", 450),
        ("charts/actor/templates/hooks/job.yaml", 150),
        ("charts/actor/templates/_pod.tpl", 120),
        ("flavors/gpu.yaml", 40),
        ("make/images.mk", 150),
    ],
)
def test_a_file_may_fill_its_budget_and_not_a_line_more(repository, path, lines):
    assert put(repository, path, "\n" * lines) == []
    assert put(repository, path, "\n" * (lines + 1)) == [
        f"{path}: {lines + 1} lines, at most {lines} are allowed; split it"
    ]


def test_golden_renders_and_documents_may_have_any_length(repository):
    assert put(repository, "flavors/golden/gpu.yaml", "\n" * 900) == []
    assert put(repository, "docs/reference/protocol.md", "\n" * 900) == []


def test_a_function_may_have_fifty_lines(repository):
    assert put(repository, "lib/a.py", function(50)) == []
    assert put(repository, "lib/a.py", function(51)) == ["lib/a.py:1: long has 51 lines, at most 50 are allowed"]


@pytest.mark.parametrize(
    "text", [f"x = 1  # {LATER}: later", f"import os  # {HIDDEN}", "a = b  # type:" + " ignore[x]"]
)
def test_words_that_put_something_off_or_silence_a_check_are_forbidden(repository, text):
    assert len(put(repository, "lib/a.py", text)) == 1


def test_words_that_only_contain_a_forbidden_one_are_allowed(repository):
    assert put(repository, "docs/a.md", f"ma{LATER}r, {LATER}S and casa{HIDDEN}t") == []


@pytest.mark.parametrize("text", ["see /wo" + "rk/shared", "cd /ro" + "ot/x", "https://pypi" + ".org/simple"])
def test_names_of_a_machine_or_a_package_index_are_forbidden(repository, text):
    assert "take the name out" in put(repository, "docs/a.md", text)[0]


def test_lock_files_that_name_a_package_index_are_forbidden(repository):
    assert len(put(repository, "uv.lock", "")) == 1
    assert len(put(repository, "site/package-lock.json", "")) == 1


def test_binary_files_are_left_alone(repository):
    assert put(repository, "docs/picture.png", b"\x89PNG\xff" + LATER.encode()) == []


def test_new_files_are_looked_at_and_ignored_ones_are_not(repository):
    put(repository, "new.md", "")
    put(repository, "ignored/old.md", "")
    assert budgets.tracked(repository) == [".gitignore", "new.md"]
