import re

import pytest

from tools import lock, prepare

PYPROJECT = """
[project]
name = "thing"
dependencies = ["thing[fast,io]", "click>=8; sys_platform == 'linux'"]
[project.optional-dependencies]
fast = ["msgspec>=0.19"]
io = ["thing[fast]", "obstore"]
[dependency-groups]
bootstrap = ["uv"]
build = ["hatchling"]
runtime-test = ["pytest"]
bench = ["celery"]
dev = [{ include-group = "build" }, "ruff"]
"""


@pytest.fixture
def locks():
    return {each.name: each for each in lock.plan(PYPROJECT)}


def test_there_is_a_file_for_each_extra_for_the_commands_and_for_each_job(locks):
    assert list(locks) == ["dev", "cli", "fast", "io", "bootstrap", "build", "runtime-test", "bench"]


def test_the_benchmarks_peers_need_not_agree_with_development(locks):
    assert {name for name, each in locks.items() if not each.agrees_with_dev} == {"runtime-test", "bench"}


def test_extras_that_name_other_extras_are_followed(locks):
    assert locks["io"].requirements == ("msgspec>=0.19", "obstore")
    assert locks["cli"].requirements == ("msgspec>=0.19", "obstore", "click>=8; sys_platform == 'linux'")


def test_development_holds_every_requirement_but_the_runtimes_own(locks):
    assert set(locks["dev"].requirements) == {*locks["cli"].requirements, "hatchling", "ruff"}


def test_only_the_runtimes_tests_are_resolved_for_an_older_python(locks):
    assert {name for name, each in locks.items() if each.python == "3.9"} == {"runtime-test"}


def test_a_file_is_current_while_its_requirements_stay_the_same(locks):
    text = f"# Made by hand\n# inputs: {locks['io'].inputs}\nobstore==1\n"
    assert lock.is_current(locks["io"], text)
    assert not lock.is_current(locks["fast"], text)
    assert not lock.is_current(locks["io"], "obstore==1\n")


def test_a_missing_file_and_one_for_other_requirements_are_named(tmp_path, monkeypatch, locks):
    monkeypatch.setattr(lock, "OUTPUT", tmp_path)
    (tmp_path / "fast.txt").write_text("# inputs: 0000\n")
    (tmp_path / "io.txt").write_text(f"# inputs: {locks['io'].inputs}\n")
    problems = lock.check([locks["fast"], locks["io"], locks["build"]])
    assert [re.findall(r"requirements/(\S+)\.txt", problem) for problem in problems] == [["fast"], ["build"]]


@pytest.mark.parametrize("file", sorted(lock.OUTPUT.glob("*.txt")), ids=lambda file: file.stem)
def test_every_pin_of_this_repository_has_a_hash_and_no_address(file):
    text = file.read_text()
    pins = re.findall(r"^[a-z0-9].*?(?=\n[a-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL)
    assert pins
    assert all("==" in pin and "--hash=sha256:" in pin for pin in pins)
    assert "://" not in text
    assert "--index-url" not in text


def test_the_pins_of_this_repository_fit_its_requirements():
    assert lock.check(lock.plan((prepare.ROOT / "pyproject.toml").read_text())) == []
