"""What choosing, editing, pacing and showing decide, without any store or broker."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asya_cli.errors import MisuseError
from asya_cli.repair.asking import confirm, counted
from asya_cli.repair.editing import with_parts
from asya_cli.repair.error_store import Found
from asya_cli.repair.pace import Pace
from asya_cli.repair.place import Place
from asya_cli.repair.selection import Selection, read_last, read_time
from asya_cli.repair.showing import plain, show
from asya_cli.repair.waiting import plain_waiting, show_waiting
from asya_core.object_keys import object_key
from asya_core.objects import Version
from asya_core.stored_errors import read_error

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T10:30", datetime(2026, 3, 1, 10, 30, tzinfo=UTC)),
        ("2026-03-01T10:30+02:00", datetime(2026, 3, 1, 8, 30, tzinfo=UTC)),
        ("2026-03-01T10:30:05Z", datetime(2026, 3, 1, 10, 30, 5, tzinfo=UTC)),
    ],
)
def test_a_time_is_utc_unless_it_says_otherwise(given, moment):
    assert read_time(given, "--since") == moment


def test_until_a_day_means_all_of_it():
    assert read_time("2026-03-01", "--until", end_of_day=True) == datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=UTC)
    exact = datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert read_time("2026-03-01T10:00", "--until", end_of_day=True) == exact


@pytest.mark.parametrize(
    ("given", "ago"), [("30m", timedelta(minutes=30)), ("2h", timedelta(hours=2)), ("7d", timedelta(days=7))]
)
def test_the_last_so_much_ends_now(given, ago):
    assert read_last(given, NOW) == NOW - ago


@pytest.mark.parametrize("given", ["yesterday", "d", "-", "99999999999d", "2 weeks"])
def test_what_is_no_time_is_refused(given):
    with pytest.raises(MisuseError, match=r"--last .* is no duration; write it like 30m, 2h or 7d"):
        read_last(given, NOW)
    with pytest.raises(MisuseError, match=r"--since .* is no time; write it like 2026-03-01"):
        read_time(given, "--since")


def test_a_day_that_begins_after_the_end_is_left_out():
    chosen = Selection(until=NOW)
    assert [chosen.covers_day(day) for day in ("2026-03-01", "2026-03-03", "2026-03-04", "undated")] == [
        True,
        True,  # a producer's clock may be ahead
        False,
        True,
    ]


@given(
    st.lists(st.text("a.%-0", min_size=1, max_size=5), max_size=4), st.lists(st.text("a.%-0", min_size=1, max_size=5))
)
def test_keys_are_chosen_by_exactly_the_ids_that_are_meant(meant, others):
    chosen = Selection(ids=frozenset(meant))
    for id_ in {*meant, *others}:
        key = object_key("error-asya/", id_, 1, "2026-03-01T10:00:00Z")
        assert chosen.covers_key(key, NOW) == (not meant or id_ in meant)


@pytest.mark.parametrize(
    ("part", "after"),
    [
        ("n=3", {"n": 3, "user": {"tags": ["a", "b"]}}),
        ("n=three", {"n": "three", "user": {"tags": ["a", "b"]}}),
        ('n="3"', {"n": "3", "user": {"tags": ["a", "b"]}}),
        ("user.tags[0]=null", {"n": 1, "user": {"tags": [None, "b"]}}),
        ("user.tags[-1]=x=y", {"n": 1, "user": {"tags": ["a", "x=y"]}}),
        ("user.name.first=1", None),
        ("user.new={}", {"n": 1, "user": {"tags": ["a", "b"], "new": {}}}),
    ],
)
def test_a_part_of_a_payload_is_set(part, after):
    payload = json.dumps({"n": 1, "user": {"tags": ["a", "b"]}}).encode()
    if after is None:
        with pytest.raises(MisuseError, match="leads nowhere: there is no 'name'"):
            with_parts(payload, [part])
    else:
        assert json.loads(with_parts(payload, [part])) == after


@pytest.mark.parametrize(
    "part", ["n", "=3", "user..x=1", "user[x]=1", "user[0]=1", "user.tags[2]=1", "user.tags.x=1", "n.x=1"]
)
def test_a_part_that_is_not_there_is_refused(part):
    with pytest.raises(MisuseError, match="--set"):
        with_parts(json.dumps({"n": 1, "user": {"tags": ["a", "b"]}}).encode(), [part])


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds


async def test_turns_come_at_their_rate_and_are_not_saved_up():
    clock = Clock()
    pace = Pace(4.0, clock, clock.sleep)
    for _ in range(9):
        await pace.turn()
    assert clock.now == pytest.approx(102.0)
    clock.now += 60
    for _ in range(5):
        await pace.turn()
    assert clock.now == pytest.approx(163.0)
    assert pace.within(10.0) == 40
    assert Pace(0.01).within(10.0) == 1


async def test_without_a_rate_nobody_waits():
    clock = Clock()
    pace = Pace(None, clock, clock.sleep)
    for _ in range(1000):
        await pace.turn()
    assert clock.now == 100.0


def test_queues_have_the_environments_prefix():
    place = Place("here", queue_prefix="prod-")
    assert place.named("judge") == place.named("prod-judge") == "prod-judge"
    assert place.queue("prod-judge") == "prod-prod-judge"
    assert place.actor("prod-judge") == "judge"
    assert [place.is_end(queue) for queue in ("prod-error-end", "asya-happy-end", "error-end", "prod-the-end")] == [
        True,
        True,
        True,
        False,
    ]


def found(**members):
    text = {
        "id": "a",
        "parent_id": "p",
        "route": {"actors": ["one", "two", "three"], "current": 1},
        "headers": {"team": "x"},
        "status": {"actor": "two", "attempt": 2, "max_attempts": 3, "updated_at": "2026-03-01T12:00:00Z",
                   "deadline_at": "2026-03-02T12:00:00Z",
                   "error": {"type": "my.Late", "message": "too\nlate", "traceback": "Traceback\n  line\n"}},
        "payload": {"error": "processing_error", "original_payload": {"text": "hi\u001b[2J"}},
        **members,
    }  # fmt: skip
    body = json.dumps(text).encode()
    return Found("error-asya/2026-03-01/a.0.json", Version("1", None), read_error(body), body)


def test_an_error_is_shown_whole():
    assert "\n".join(show(found())) == (
        "a   generation 0\n"
        "  failed    2026-03-01 12:00:00 at two (processing_error), attempt 2 of 3\n"
        "  error     my.Late: too late\n"
        "  route     one -> [two] -> three\n"
        "  created   -\n"
        "  deadline  2026-03-02T12:00:00Z\n"
        "  parent    p\n"
        '  headers   {"team":"x"}\n'
        "  object    error-asya/2026-03-01/a.0.json\n"
        "\n"
        "Traceback\n"
        "  line\n"
        "\n"
        "payload:\n"
        "{\n"
        '  "text": "hi\\u001b[2J"\n'
        "}"
    )


def test_what_is_not_inside_is_said():
    lines = list(show(found(payload={"original_payload_ref": {"uri": "s3://b/x"}, "headers_omitted": {}})))
    assert lines[-1] == 'payload, stored by reference: {"uri": "s3://b/x"}'
    assert "  left out  headers: too large to be stored" in lines
    finished = list(show(found(route={"actors": ["one"], "current": 1}, payload={"original_payload_omitted": {}})))
    assert "  route     one -> [end]" in finished
    assert finished[-1] == "(not stored)"


def test_nothing_of_a_message_commands_the_terminal():
    hostile = found(
        status={"actor": "\x1b[2Jtwo", "error": {"type": "\x9b31m", "message": "\x07", "traceback": "\x1b"}}
    )
    shown = "\n".join(show(hostile))
    assert not any(character in shown for character in "\x1b\x9b\x07")


def test_a_list_shows_programs_all_but_the_payload():
    assert plain(found()) == {
        "id": "a", "generation": 0, "actor": "two", "reason": "processing_error", "type": "my.Late",
        "message": "too\nlate", "attempt": 2, "max_attempts": 3, "failed_at": "2026-03-01T12:00:00Z",
        "created_at": None, "parent_id": "p", "edited": False, "key": "error-asya/2026-03-01/a.0.json",
    }  # fmt: skip


def test_a_waiting_message_is_shown_by_its_beginning():
    body = json.dumps(
        {"id": "a", "route": {"actors": ["one", "two"]}, "status": {"attempt": 2}, "payload": {"text": "x" * 400}}
    ).encode()
    head, route, status, payload = show_waiting(body)
    assert (head, route, status) == ("a", "  route    [one] -> two", "  status   attempt 2")
    assert payload.startswith('  payload  {"text": "xxx')
    assert "(412 bytes; --json shows all)" in payload
    assert json.loads(plain_waiting(body)) == json.loads(body)


def test_bytes_that_are_no_envelope_are_shown_all_the_same():
    assert list(show_waiting(b"\xff\x1bx")) == ["no envelope, 3 bytes", "  begins   \ufffd\ufffdx"]
    assert plain_waiting(b"\xff") == b'{"base64": "/w=="}'
    assert plain_waiting(b'{"a":\n1}') == b'{"a": 1}'


def test_counts_are_written_with_their_nouns():
    assert [counted(number, "error") for number in (0, 1, 2)] == ["0 errors", "1 error", "2 errors"]


def test_nobody_is_asked_where_nobody_is(capfd):
    with pytest.raises(MisuseError, match=r"Redrive 2 errors\? nobody is here to answer; say it with --yes"):
        confirm("Redrive 2 errors?")
    assert capfd.readouterr().out == ""
