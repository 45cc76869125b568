import sys
from pathlib import Path

from tools import runtime_matrix

HERE = sys.version_info[:2]


def program(folder, name, text):
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def test_each_version_is_found_once_and_what_does_not_run_is_left_out(tmp_path):
    program(tmp_path / "a", "python3.8", "exit 127")
    program(tmp_path / "a", "python3", f'exec {sys.executable} "$@"')
    program(tmp_path / "b", "python3.11", f'exec {sys.executable} "$@"')
    found = runtime_matrix.interpreters([tmp_path / "a", tmp_path / "missing", tmp_path / "b"])
    assert list(found) == [HERE]
    assert found[HERE].samefile(sys.executable)


def test_other_programs_of_a_folder_are_not_run(tmp_path):
    program(tmp_path, "python3-config", f"touch {tmp_path}/was-run")
    assert runtime_matrix.interpreters([tmp_path]) == {}
    assert not (tmp_path / "was-run").exists()


def test_the_versions_behind_shims_are_looked_at(tmp_path):
    behind = tmp_path / "pyenv" / "versions" / "3.9.1" / "bin"
    behind.mkdir(parents=True)
    places = runtime_matrix.folders({"PATH": f"{tmp_path}/pyenv/shims:/usr/bin:"})
    assert places == [tmp_path / "pyenv" / "shims", Path("/usr/bin"), behind]


def test_the_short_run_takes_the_oldest_and_the_newest():
    found = [(3, 13), (3, 9), (3, 8), (3, 11)]
    assert runtime_matrix.chosen(found, short=False) == [(3, 9), (3, 11), (3, 13)]
    assert runtime_matrix.chosen(found, short=True) == [(3, 9), (3, 13)]
    assert runtime_matrix.chosen([(3, 12)], short=True) == [(3, 12)]
    assert runtime_matrix.chosen([], short=True) == []
