"""Errors are listed, shown, edited, redriven, discarded and replayed, on a local run, as a person does it."""

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from asya_cli.__main__ import run
from cli.tests.commands import Workplace
from cli.tests.terminal import in_terminal

pytestmark = [pytest.mark.needs("helm", "nats-server"), pytest.mark.timeout(180)]

HANDLERS = """
def judge(payload):
    if payload.get("bad"):
        raise ValueError(f"not good: {payload}")
    if payload.get("late"):
        raise TimeoutError("too late")
    return {**payload, "judged": True}


def split(payload):
    return payload["parts"]


def passed(envelope):
    envelope["route"]["current"] += 1
    return envelope


def later(payload):
    return {**payload, "later": True}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = Workplace(tmp_path_factory.mktemp("mending"), HANDLERS)
    actors = ("judge=handlers.judge", "later=handlers.later", "split=handlers.split")
    place("up", *actors, "--set", "resiliency.unroutableAfter=1s", "--detach")
    yield place
    place.close()


@pytest.fixture
def asya(place, capfd, monkeypatch):
    """Call a command in this process; return what it printed, once it has ended as expected."""
    monkeypatch.chdir(place.path)

    def call(*arguments, code=0):
        capfd.readouterr()
        ended = run(arguments)
        printed = capfd.readouterr()
        assert ended == code, f"{arguments} ended with {ended}\n{printed.out}{printed.err}"
        return printed

    return call


def fail(place, id_, payload=None, actors="judge", *options):
    """Send a message that fails, and wait for its end."""
    body = json.dumps(payload or {"bad": True, "of": id_})
    place("send", actors, body, "--id", id_, "--follow", "--timeout", "60", *options, code=1)


def end_of(place, id_, generation):
    """Wait for a message's end; today is its day, as far as midnight does not come in between."""
    return asyncio.run(place.running.results.wait(id_, 60, generation=generation, created_at=today()))


def today():
    return datetime.now(UTC).date().isoformat()


def test_an_error_is_found_and_shown(place, asya):
    fail(place, "shown")
    table = asya("errors", "ls", "--id", "shown").out.splitlines()
    assert table[0].split() == ["ID", "GEN", "FAILED", "ACTOR", "REASON", "ERROR"]
    assert table[1].split()[:2] == ["shown", "0"]
    assert "judge  processing_error  ValueError: not good: {'bad': True, 'of': 'shown'}" in table[1]
    (line,) = asya(
        "errors", "ls", "--json", "--actor", "judge", "--type", "ValueError", "--last", "1h"
    ).out.splitlines()
    assert json.loads(line)["id"] == "shown"
    assert asya("errors", "ls", "--actor", "later").err == "no error is stored there that fits\n"
    shown = asya("errors", "show", "shown").out
    assert "  route     [judge]\n" in shown
    assert "Traceback (most recent call last):\n" in shown
    assert json.loads(asya("errors", "show", "shown", "--json").out)["payload"]["error"] == "processing_error"
    assert "there is no error of 'nobody'" in asya("errors", "show", "nobody", code=1).err


def replay(place, *arguments, code=0):
    """Call the command as a process: it forks, which a test's process should not."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "asya_cli", "replay", *arguments],
        cwd=place.path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stderr
    return done


def test_a_failure_is_replayed_here(place, asya):
    fail(place, "again")
    assert replay(place, "again", code=1).stderr.endswith("ValueError: not good: {'bad': True, 'of': 'again'}\n")
    after = json.loads(replay(place, "again", "handlers.later").stdout)
    assert after == {"bad": True, "of": "again", "later": True}
    asya("errors", "edit", "again", "--set", "bad=false")
    assert json.loads(replay(place, "again").stdout)["judged"] is True
    assert 'no module named "nonesuch"' in replay(place, "again", "nonesuch.process", code=2).stderr
    whole = json.loads(replay(place, "again", "handlers.passed", "--mode", "envelope").stdout)
    assert (whole["id"], whole["route"], whole["payload"]) == (
        "again",
        {"actors": ["judge"], "current": 1},
        {"bad": False, "of": "again"},
    )


def test_an_edited_message_comes_through(place, asya):
    fail(place, "mended", {"bad": True, "user": {"tags": ["old"]}}, "judge,later")
    told = asya("errors", "edit", "mended", "--set", "bad=null", "--set", "user.tags[0]=new").err
    assert told == "edited mended; let it try again with `asya errors redrive mended`\n"
    assert asya("errors", "ls", "--id", "mended").out.splitlines()[1].split()[:2] == ["mended", "0*"]
    kept = json.loads(asya("errors", "show", "mended", "--json").out)["payload"]
    assert kept["original_payload"] == {"bad": True, "user": {"tags": ["old"]}}
    assert asya("errors", "redrive", "mended", "--dry-run").out == "mended to judge, generation 1\n"
    assert asya("errors", "redrive", "mended").err == "1 redriven\n"
    end = end_of(place, "mended", 1)
    assert end.payload == {"bad": None, "user": {"tags": ["new"]}, "judged": True, "later": True}
    assert "no error of it is stored" in asya("errors", "redrive", "mended", code=1).err


def test_a_message_that_came_too_late_gets_more_time(place, asya):
    fail(place, "late", {"n": 1}, "judge", "--deadline", "1ms")
    told = asya("errors", "redrive", "late", code=1).err
    assert "so it would end at once; give it more time with --deadline 10m, or none with --deadline none" in told
    asya("errors", "redrive", "late", "--deadline", "10m")
    end = end_of(place, "late", 1)
    assert end.payload == {"n": 1, "judged": True}
    assert end.envelope["status"]["deadline_at"] > end.envelope["status"]["created_at"]


def test_a_message_without_a_way_on_goes_on_where_it_stands(place, asya):
    fail(place, "stranded", {"n": 1}, "judge,nobody")
    assert asya("errors", "show", "stranded").out.splitlines()[3] == "  route     judge -> [nobody]"
    assert "there is no queue asya-nobody; install its actor first" in asya("errors", "redrive", "stranded", code=1).err
    asya("errors", "redrive", "stranded", "--to", "later")
    assert end_of(place, "stranded", 1).payload == {"n": 1, "judged": True, "later": True}


def test_a_part_of_a_message_stays_a_part_of_it(place, asya):
    parts = {"parts": [{"n": 0}, {"n": 1, "bad": True}]}
    place("send", "split,judge", json.dumps(parts), "--id", "parted", "--follow", "--timeout", "60")
    assert asyncio.run(place.running.results.wait("parted-0.1", 60, created_at=today())).kind == "error"
    asya("errors", "edit", "parted-0.1", "--set", "bad=false")
    asya("errors", "redrive", "parted-0.1")
    end = end_of(place, "parted-0.1", 1)
    assert (end.envelope["parent_id"], end.payload["judged"]) == ("parted", True)


def test_what_is_edited_into_no_json_is_not_written(place, asya, tmp_path):
    fail(place, "kept")
    (tmp_path / "payload").write_text("{'single': 1}")
    before = asya("errors", "show", "kept", "--json").out
    told = asya("errors", "edit", "kept", "--payload-file", str(tmp_path / "payload"), code=1).err
    assert told == "error: the payload is not JSON: expected '\"' (byte 1); correct it\n"
    assert asya("errors", "show", "kept", "--json").out == before


@pytest.mark.parametrize(
    ("editor", "code", "told"),
    [
        ("sed -i s/true/false/", 0, "edited in-editor"),
        ("true", 1, "error: the payload was not changed; nothing was written"),
        ("sed -i 1s/.//", 1, "error: the payload is not JSON"),
        ("false", 1, "Editing failed; set EDITOR to one that starts here, or use --set"),
    ],
)
def test_an_editor_may_be_used(place, asya, monkeypatch, editor, code, told):
    if not asya("errors", "ls", "--json", "--id", "in-editor").out:
        fail(place, "in-editor")
    monkeypatch.setenv("EDITOR", editor)
    monkeypatch.delenv("VISUAL", raising=False)
    assert told in asya("errors", "edit", "in-editor", code=code).err


def test_many_are_redriven_once_somebody_says_yes(place, asya):
    for number in range(3):
        fail(place, f"many{number}", {"late": True})
    chosen = ("--type", "OSError", "--limit", "2")
    refused = asya("errors", "redrive", *chosen, code=2).err
    assert "Redrive 2 errors to nats of the local run in" in refused
    assert "say it with --yes, or look first with --dry-run" in refused
    lines = [json.loads(line) for line in asya("errors", "redrive", *chosen, "--yes", "--json").out.splitlines()]
    assert [(each["fate"], each["generation"], each["actor"]) for each in lines] == [("redriven", 1, "judge")] * 2
    for each in lines:
        assert end_of(place, each["id"], 1).kind == "error"
    (again,) = asya("errors", "ls", "--json", "--id", lines[0]["id"]).out.splitlines()
    assert json.loads(again)["generation"] == 1
    assert "earlier   generation 0 at judge: TimeoutError" in asya("errors", "show", lines[0]["id"]).out
    told = asya("errors", "redrive", lines[0]["id"], "--max-redrives", "1", code=1).err
    assert "it was redriven 1 times already" in told


def test_discarded_errors_are_out_of_the_way(place, asya):
    for id_ in ("gone", "purged"):
        fail(place, id_)
    assert asya("errors", "discard", "gone", "--dry-run").out == "gone\n"
    assert asya("errors", "discard", "gone").err == "1 moved to discarded-asya/\n"
    assert asya("errors", "discard", "purged", "--purge").err == "1 removed for good\n"
    assert asya("errors", "discard", "gone", code=1).err.endswith("gone: no error of it is stored\n")
    store = place.path / ".asya/results"
    assert [path.name for path in (store / "discarded-asya").rglob("*.json")] == ["gone.0.json"]


def test_queues_are_listed_and_looked_into(asya):
    rows = [json.loads(line) for line in asya("queues", "ls", "--json").out.splitlines()]
    assert [row["actor"] for row in rows] == ["error-end", "happy-end", "judge", "later", "split"]
    assert asya("queues", "ls").out.splitlines()[0].split() == ["QUEUE", "ACTOR", "WAITING", "RUNNING", "DELAYED"]
    assert asya("queues", "peek", "judge").err == "no message waits there\n"
    assert "there is no queue asya-nobody" in asya("queues", "peek", "nobody", code=1).err
    assert asya("queues", "move", "judge", "later", "--yes").err == "no message waits in asya-judge\n"
    assert "are the same queue" in asya("queues", "move", "judge", "asya-judge", code=2).err
    assert "asya-error-end is an end actor's queue" in asya("queues", "move", "judge", "error-end", code=2).err
    assert "there is no queue asya-nobody" in asya("queues", "move", "judge", "nobody", code=1).err


def test_a_store_may_be_named(place, asya, tmp_path):
    fail(place, "elsewhere")
    url = (place.path / ".asya/results").as_uri()
    asya("errors", "ls", "-C", str(tmp_path), "--store", url, "--id", "elsewhere")
    assert "no store of errors is known" in asya("errors", "ls", "-C", str(tmp_path), code=1).err


def test_ids_are_completed(place):
    fail(place, "completed-one")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "asya_cli"],
        cwd=place.path,
        env={"PATH": "", "_ASYA_COMPLETE": "bash_complete", "COMP_WORDS": "asya errors show compl", "COMP_CWORD": "3"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.split(",")[-1].strip() == "completed-one"


def test_a_person_at_a_terminal_is_asked_and_sees_how_far_it_is(place):
    fail(place, "asked")
    command = [sys.executable, "-P", "-m", "asya_cli", "errors", "redrive", "--reason", "processing_error"]
    code, printed = in_terminal([*command], place.path, "n\n")
    assert code == 130
    assert "errors to nats of the local run" in printed
    code, printed = in_terminal([*command], place.path, "y\n")
    assert (code, "redriving" in printed, "redriven" in printed) == (0, True, True)
