import json

import pytest

from asya_cli.local.results import Results
from asya_core.objects import open_store
from asya_crew.end import End

CREATED = "2026-03-01T10:00:00Z"


@pytest.fixture
def store(tmp_path):
    return open_store(f"file://{tmp_path}")


@pytest.fixture
def results(store):
    return Results(store, "happy-asya/", "error-asya/")


def keep(store, kind, id_, payload=None, created_at=CREATED, generation=0):
    """Store an end as the end actors do."""
    prefix = "happy-asya/" if kind == "result" else "error-asya/"
    status = {"generation": generation} | ({"created_at": created_at} if created_at else {})
    End(kind, store, prefix).keep({"id": id_, "status": status, "payload": payload})


@pytest.mark.parametrize("kind", ["result", "error"])
def test_the_end_of_a_message_is_found_by_its_id(kind, store, results):
    assert results.find("m1", created_at=CREATED) is None
    keep(store, kind, "m1", {"n": 1})
    end = results.find("m1", created_at=CREATED)
    assert (end.kind, end.id, end.payload) == (kind, "m1", {"n": 1})
    assert results.find("m2", created_at=CREATED) is None


def test_messages_without_a_day_are_found_too(store, results):
    keep(store, "result", "m1", created_at=None)
    assert results.find("m1").id == "m1"


def test_a_record_without_a_day_is_the_end_of_a_message_that_had_one(store, results):
    keep(store, "error", "large", created_at=None)
    assert results.find("large", created_at=CREATED).kind == "error"


def test_an_id_that_has_ended_is_known_without_its_day(store, results):
    assert not results.has_ended("m1")
    keep(store, "result", "m1")
    assert results.has_ended("m1")
    assert not results.has_ended("m1", generation=1)


def test_each_generation_has_an_end_of_its_own(store, results):
    keep(store, "error", "m1", generation=0)
    keep(store, "result", "m1", generation=1)
    assert results.find("m1", created_at=CREATED).kind == "error"
    assert results.find("m1", generation=1, created_at=CREATED).kind == "result"


def test_a_claim_without_its_object_is_no_end_yet(store, results):
    store.create("claims-asya/m1.0", b'{"end": "result"}')
    assert results.find("m1", created_at=CREATED) is None
    store.put("claims-asya/m1.0", b"")
    assert results.find("m1", created_at=CREATED) is None


async def test_waiting_ends_with_the_message_or_with_the_time(store, results):
    assert await results.wait("m1", 0.1, created_at=CREATED) is None
    keep(store, "result", "m1")
    assert (await results.wait("m1", 30, created_at=CREATED)).kind == "result"


def test_everything_that_is_stored_can_be_counted_and_read(store, results):
    assert (results.count("result"), list(results.ends())) == (0, [])
    keep(store, "result", "a", 1)
    keep(store, "result", "b", 2, created_at=None)
    keep(store, "error", "c", 3)
    assert (results.count("result"), results.count("error")) == (2, 1)
    assert {(end.kind, end.id, end.payload) for end in results.ends()} == {
        ("result", "a", 1),
        ("result", "b", 2),
        ("error", "c", 3),
    }


def test_children_are_found_by_their_names_and_others_are_not(store, results):
    for id_ in ("m.1", "m.1-0.1", "m.1-0.2", "m.1-0.2-1.1", "m.1-other", "m.10-0.1", "m-0.1", "mx1-0.1"):
        keep(store, "result", id_)
    assert results.children("m.1") == ["m.1-0.1", "m.1-0.2", "m.1-0.2-1.1"]


def test_what_is_found_is_what_was_stored(store, results):
    keep(store, "result", "m1", {"text": "hä"})
    (key,) = results.keys("result")
    assert json.loads(store.get(key)) == results.find("m1", created_at=CREATED).envelope
