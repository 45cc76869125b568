import json
from datetime import UTC, datetime

import msgspec
import pytest

from asya_core.envelope import decode, encode
from asya_core.error_record import to_error_end
from asya_core.faults import Fault
from asya_core.limits import Limits
from asya_crew.error_end import ErrorEnd
from asya_crew.happy_end import HappyEnd
from examples.digits.demo.ends import Ends
from examples.digits.demo.ledger import Failure

CREATED = "2026-02-03T04:05:06.500000Z"
CREATED_SECONDS = datetime(2026, 2, 3, 4, 5, 6, 500000, tzinfo=UTC).timestamp()


class Store:
    """A folder that the real ends write to."""

    def __init__(self, folder):
        self.folder = folder
        self.happy_end = HappyEnd(folder.as_uri(), "happy-asya/")
        self.error_end = ErrorEnd(folder.as_uri(), "error-asya/")
        self.ends = Ends(folder / "happy-asya", folder / "error-asya")

    def keep_result(self, id_, **payload):
        actors = ["split", "normalise", "classify", "judge"]
        self.happy_end.process(
            {
                "id": id_,
                "route": {"actors": actors, "current": len(actors)},
                "status": {"created_at": CREATED, "actor": "judge", "phase": "succeeded"},
                "payload": {"confidence": 0.5, **payload},
            }
        )

    def keep_error(self, id_, code, message):
        body = msgspec.json.encode(
            {"id": id_, "route": {"actors": ["split"]}, "status": {"created_at": CREATED}, "payload": {"first": 0}}
        )
        record = to_error_end(decode(body, Limits()), Fault(code=code, message=message), "split", datetime.now(UTC))
        self.error_end.process(json.loads(encode(record.envelope)))


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")


def test_a_folder_without_ends_has_none(tmp_path):
    assert list(Ends(tmp_path / "absent", tmp_path / "absent").new()) == []


def test_a_result_is_read_with_its_times(store):
    before = datetime.now(UTC).timestamp()
    store.keep_result("a", image=7, classified=3, refined=8)
    [result] = store.ends.new()
    assert (result.id, result.image, result.classified, result.refined, result.hops) == ("a", 7, 3, 8, 4)
    assert result.created_at == CREATED_SECONDS
    assert abs(result.stored_at - before) < 60


def test_an_image_that_needed_no_expert_has_no_refined_digit(store):
    store.keep_result("a", image=7, classified=3)
    [result] = store.ends.new()
    assert result.refined is None


def test_each_end_is_reported_once(store):
    store.keep_result("a", image=0, classified=3)
    assert [end.id for end in store.ends.new()] == ["a"]
    store.keep_result("a", image=0, classified=3)
    store.keep_result("b", image=1, classified=3)
    assert [end.id for end in store.ends.new()] == ["b"]
    assert list(store.ends.new()) == []


def test_an_error_is_a_failure_that_says_what_and_where(store):
    store.keep_error("a", "processing_error", "IndexError: out of bounds")
    assert list(store.ends.new()) == [Failure("a", "processing_error at split: IndexError: out of bounds")]


def test_a_result_without_an_answer_is_a_failure(store):
    store.keep_result("a", first=0, count=0)
    [failure] = store.ends.new()
    assert isinstance(failure, Failure)
    assert failure.reason == "ended early, at judge: {'confidence': 0.5, 'first': 0, 'count': 0}"


def test_claims_and_unfinished_files_are_no_ends(store):
    store.keep_result("a", image=0, classified=3)
    [file] = store.folder.glob("happy-asya/*/a.0.json")
    file.rename(file.with_name("a.0.json#1"))
    assert any((store.folder / "claims-asya").iterdir())
    assert list(store.ends.new()) == []
