import json

import pytest

from asya_cli.__main__ import run
from asya_cli.local.running import STATE_DIR
from asya_core.cancellation import marker_uri


@pytest.fixture
def cancel(tmp_path, capsys):
    """Call the command as the command line does, in a folder of its own."""

    def call(*arguments, code=0):
        ended = run(["cancel", "-C", str(tmp_path), *arguments])
        said = capsys.readouterr()
        assert ended == code, said.err
        return said

    return call


def markers(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_marker_is_written_for_each_id_where_its_message_names_it(cancel, tmp_path):
    store = tmp_path / "store"
    said = cancel("m1", "m2", "--store", store.as_uri())
    assert markers(store) == ["cancelled-asya/m1.json", "cancelled-asya/m2.json"]
    assert marker_uri(store.as_uri(), "m1") == f"{store.as_uri()}/cancelled-asya/m1.json"
    assert list(json.loads((store / "cancelled-asya/m1.json").read_bytes())) == ["at"]
    assert said.out.splitlines()[0] == "m1: cancelled; it ends at the next actor that it comes to"


def test_the_local_run_of_the_folder_is_meant_where_no_store_is_named(cancel, tmp_path):
    payloads = tmp_path / STATE_DIR / "payloads"
    payloads.mkdir(parents=True)
    cancel("m1")
    assert markers(payloads) == ["cancelled-asya/m1.json"]


def test_print_shows_the_address_and_writes_nothing(cancel, tmp_path):
    store = tmp_path / "store"
    said = cancel("m1", "--store", store.as_uri(), "--print")
    assert said.out == f"{marker_uri(store.as_uri(), 'm1')}\n"
    assert not store.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["m1"], 1, "no local run has been here"),
        (["m1-0.1", "--store", "file:///x"], 2, "'m1-0.1' is no id that a message can be sent with"),
        (["m1", "--store", "ftp://host/x"], 1, "'ftp://host/x' is no object store"),
        ([], 2, "ID"),
    ],
)
def test_what_can_not_be_cancelled_is_refused_with_a_sentence(cancel, arguments, code, words):
    assert words in cancel(*arguments, code=code).err
