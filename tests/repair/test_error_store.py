"""Errors are read as a stream, and changed only as the version that was read; in a folder and in object storage."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from asya_cli.repair.error_store import DISCARDED_PREFIX, ErrorStore, Found, Unreadable
from asya_cli.repair.selection import Selection
from asya_core.stored_errors import edited, read_error
from tests.repair.making import NOW, keep_error, stored

EVERYTHING = Selection()


@pytest.fixture
def errors(store):
    return ErrorStore(store, "error-asya/")


def ids(errors, selection=EVERYTHING, **options):
    return [each.error.id for each in errors.read(selection, **options)]


def test_errors_come_day_by_day(store, errors):
    for day, id_ in (("02", "b"), ("01", "z"), ("02", "a"), ("03", "c")):
        keep_error(store, id_, ["one"], status={"created_at": f"2026-03-{day}T23:00:00Z"})
    keep_error(store, "dateless", ["one"], status={"created_at": "some day"})
    assert ids(errors) == ["z", "a", "b", "c", "dateless"]
    assert ids(errors, newest_first=True) == ["dateless", "c", "a", "b", "z"]
    assert errors.count(EVERYTHING) == 5


def test_a_store_without_errors_has_none(errors):
    assert ids(errors) == []
    assert errors.find("a") == []


def test_filters_choose(store, errors):
    keep_error(store, "plain", ["one"])
    keep_error(store, "other-actor", ["one", "two"])
    keep_error(store, "other-reason", ["one"], fault={"code": "crash_error", "type": "", "mro": []})
    keep_error(store, "other-type", ["one"], fault={"type": "my.Late", "mro": ["my.Late", "TimeoutError"]})
    keep_error(store, "later", ["one"], at=NOW + timedelta(hours=1))
    plain = ["other-actor", "other-reason", "other-type", "plain"]
    assert ids(errors, Selection(actors=frozenset({"two"}))) == ["other-actor"]
    assert ids(errors, Selection(reasons=frozenset({"crash_error"}))) == ["other-reason"]
    for name in ("my.Late", "Late", "TimeoutError"):
        assert ids(errors, Selection(types=frozenset({name}))) == ["other-type"]
    assert ids(errors, Selection(since=NOW + timedelta(minutes=1))) == ["later"]
    assert ids(errors, Selection(until=NOW + timedelta(minutes=1))) == plain
    assert ids(errors, Selection(ids=frozenset({"plain", "later", "absent"}))) == ["later", "plain"]
    both = Selection(actors=frozenset({"one"}), reasons=frozenset({"crash_error", "processing_error"}), until=NOW)
    assert ids(errors, both) == ["other-reason", "other-type", "plain"]
    assert errors.count(both) == 3


def test_objects_that_can_not_be_meant_are_not_even_read(store, errors):
    keep_error(store, "old", ["one"])
    ahead = datetime.now(UTC) + timedelta(days=2)
    store.put("error-asya/2026-03-01/broken.0.json", b"nonsense")
    store.put("error-asya/2026-09-09/broken-too.0.json", b"nonsense")
    assert list(errors.read(Selection(since=ahead))) == []
    assert [each.key for each in errors.read(Selection(until=NOW)) if isinstance(each, Unreadable)] == [
        "error-asya/2026-03-01/broken.0.json"
    ]


def test_what_is_no_error_is_told_and_hides_no_other(store, errors):
    keep_error(store, "a", ["one"])
    store.put("error-asya/2026-03-01/b.0.json", b"{}")
    store.put("error-asya/2026-03-01/notes.txt", b"left by somebody")
    keep_error(store, "c", ["one"])
    first, second, third = errors.read(EVERYTHING)
    assert isinstance(first, Found)
    assert isinstance(second, Unreadable)
    assert "is no error that error-end wrote" in second.sentence
    assert isinstance(third, Found)


def test_a_message_is_found_with_all_its_generations(store, errors):
    for generation in (10, 0, 2):
        keep_error(store, "order-7", ["one"], status={"generation": generation})
    keep_error(store, "order-7-0.1", ["one"], parent_id="order-7")
    assert [each.error.generation for each in errors.find("order-7")] == [0, 2, 10]
    assert [each.error.id for each in errors.find("order-7-0.1")] == ["order-7-0.1"]
    assert errors.has_ended("order-7", 2)
    assert not errors.has_ended("order-7", 1)


def test_an_edit_is_written_once(store, errors):
    keep_error(store, "a", ["one"])
    (first,), (second,) = errors.find("a"), errors.find("a")
    assert errors.replace(first, edited(first.error, b'{"n":1}', NOW)) is True
    assert errors.replace(second, edited(second.error, b'{"n":2}', NOW)) is False
    (now,) = errors.find("a")
    assert bytes(now.error.payload) == b'{"n":1}'
    assert json.loads(bytes(now.error.original)) == {"of": "a"}
    assert errors.remove(second) is False
    assert errors.remove(now) is True
    assert errors.replace(now, b"{}") is False
    assert stored(store) == []


def test_a_discarded_error_is_kept_elsewhere(store, errors):
    keep_error(store, "a", ["one"])
    (found,) = errors.find("a")
    assert errors.set_aside(found) is True
    assert stored(store) == [f"{DISCARDED_PREFIX}2026-03-01/a.0.json"]
    assert read_error(store.get(f"{DISCARDED_PREFIX}2026-03-01/a.0.json")).id == "a"
    assert errors.set_aside(found) is False


def test_a_copy_stays_of_an_error_that_was_changed_before_it_could_be_removed(store, errors):
    keep_error(store, "a", ["one"])
    (found,) = errors.find("a")
    assert errors.replace(found, edited(found.error, b'{"n":1}', NOW)) is True
    assert errors.set_aside(found) is False
    assert not read_error(store.get(f"{DISCARDED_PREFIX}2026-03-01/a.0.json")).is_edited
    (left,) = errors.find("a")
    assert bytes(left.error.payload) == b'{"n":1}'


def test_only_a_few_objects_are_in_memory_at_once(store, errors, monkeypatch):
    for number in range(60):
        keep_error(store, f"m{number:02}", ["one"])
    read, taken = [], 0
    real = type(store).read
    monkeypatch.setattr(type(store), "read", lambda self, key: (read.append(key), real(self, key))[1])
    for taken, _ in enumerate(errors.read(EVERYTHING), start=1):
        assert len(read) - taken <= 16
    assert taken == 60
