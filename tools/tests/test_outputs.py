"""Generated files are written once, compared without writing, and removed when nobody wants them."""

from __future__ import annotations

from tools.outputs import GenerateError, Output, run


def wanted(folder, **files):
    return Output(folder, "*.yaml", {f"{name}.yaml": text for name, text in files.items()})


def test_writing_makes_the_folder_as_wanted_and_leaves_others_files(tmp_path):
    (tmp_path / "stale.yaml").write_text("x")
    (tmp_path / "notes.txt").write_text("mine")

    assert run([lambda: [wanted(tmp_path, a="1\n")]], []) == 0

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.yaml": "1\n", "notes.txt": "mine"}


def test_a_second_run_writes_nothing(tmp_path, capsys):
    run([lambda: [wanted(tmp_path, a="1\n")]], [])
    capsys.readouterr()

    assert run([lambda: [wanted(tmp_path, a="1\n")]], []) == 0
    assert capsys.readouterr().out == ""


def test_a_check_shows_each_difference_and_changes_nothing(tmp_path, capsys):
    (tmp_path / "changed.yaml").write_text("old\n")
    (tmp_path / "stale.yaml").write_text("gone\n")

    assert run([lambda: [wanted(tmp_path, changed="new\n", missing="made\n")]], ["--check"]) == 1

    shown = capsys.readouterr()
    assert all(line in shown.out.splitlines() for line in ("-old", "+new", "-gone", "+made"))
    assert "3 generated files are stale; run make generate" in shown.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["changed.yaml", "stale.yaml"]


def test_a_check_of_what_is_up_to_date_succeeds(tmp_path, capsys):
    (tmp_path / "a.yaml").write_text("1\n")

    assert run([lambda: [wanted(tmp_path, a="1\n")]], ["--check"]) == 0
    assert capsys.readouterr().out == ""


def test_what_can_not_be_generated_is_said(capsys):
    def fails():
        raise GenerateError("no runtime to copy")

    assert run([fails], []) == 1
    assert capsys.readouterr().err == "error: no runtime to copy\n"
