import pytest

from asya_cli.local.logs import Line, LogReader, log_files, readable
from asya_cli.local.state import ProcessState


def texts(reader, **options):
    return [line.text for line in reader.read(**options)]


def test_only_what_is_new_and_whole_is_given(tmp_path):
    file = tmp_path / "a.log"
    reader = LogReader({"a": file})
    assert texts(reader) == []
    file.write_text("one\ntwo\nhal")
    assert texts(reader) == ["one", "two"]
    assert texts(reader) == []
    with file.open("a") as opened:
        opened.write("f\n")
    assert texts(reader) == ["half"]


def test_the_rest_is_given_at_the_end(tmp_path):
    file = tmp_path / "a.log"
    file.write_bytes(b"whole\nno end \xff")
    reader = LogReader({"a": file})
    assert texts(reader) == ["whole"]
    assert texts(reader, rest=True) == ["no end \ufffd"]
    assert texts(reader, rest=True) == []


def test_each_line_says_whose_it_is(tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(f"from {name}\n")
    reader = LogReader({name: tmp_path / name for name in "ab"})
    assert list(reader.read()) == [Line("a", "from a"), Line("b", "from b")]


def test_one_actors_logs_are_picked_out():
    processes = [ProcessState(actor=actor, container="app", log=f"/{actor}") for actor in ("a", "b", "nats")]
    assert list(log_files(processes, None, "nats")) == ["a/app", "b/app"]
    assert list(log_files(processes, "b", "nats")) == ["b/app"]
    assert list(log_files(processes, "nats", "nats")) == ["nats/app"]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("plain words", "plain words"),
        (
            '{"time":"t","level":"info","actor":"a","message":"consuming","event":"e","queue":"q"}',
            "info: consuming (queue=q)",
        ),
        (
            '{"level":"error","message":"broke","exception":"Traceback\\nValueError: x\\n"}',
            "error: broke\nTraceback\nValueError: x",
        ),
        ('{"level":"info"}', '{"level":"info"}'),
        ("{broken", "{broken"),
        ("{'a': 1}", "{'a': 1}"),
    ],
)
def test_lines_of_json_become_words(written, shown):
    assert readable(written) == shown
