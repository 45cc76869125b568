import json
from datetime import UTC, datetime

from msgspec import Raw

from asya_core.envelope import Envelope, ErrorRecord, Route, Status, encode
from asya_core.error_record import to_error_end
from asya_core.faults import Fault
from asya_core.outgoing import Publication
from asya_sidecar.records import fitting, lighter_retry, smaller

FAULT = Fault(code="processing_error", message="no", type="ValueError", traceback="line 3\n" * 100)


def record_of(payload, **more):
    envelope = Envelope(id="m1", route=Route(actors=["a"]), payload=Raw(json.dumps(payload).encode()), **more)
    return to_error_end(envelope, FAULT, "a", datetime.now(UTC)).envelope


def read(envelope):
    return json.loads(encode(envelope))


def test_the_traceback_goes_first_in_both_of_its_places():
    less = read(smaller(record_of({"n": 1})))

    assert less["payload"] == {
        "error": "processing_error",
        "details": {"message": "no", "type": "ValueError", "traceback": ""},
        "original_payload": {"n": 1},
    }
    assert less["status"]["error"]["traceback"] == ""
    assert less["status"]["error"]["type"] == "ValueError"


def test_the_payload_gives_way_to_its_size_and_hash():
    less = read(smaller(smaller(record_of({"n": 1}))))

    assert "original_payload" not in less["payload"]
    assert less["payload"]["original_payload_omitted"]["bytes"] == len('{"n": 1}')
    assert len(less["payload"]["original_payload_omitted"]["sha256"]) == 64


def test_in_the_end_nothing_is_left_that_could_be_missed():
    assert smaller(smaller(smaller(record_of(1)))) is None


def test_a_reference_is_kept_to_the_end():
    envelope = Envelope(id="m1", route=Route(actors=["a"]), payload_ref=Raw(b'{"uri":"s3://x"}'))
    record = to_error_end(envelope, FAULT, "a", datetime.now(UTC)).envelope

    assert read(fitting(record, 0))["payload"]["original_payload_ref"] == {"uri": "s3://x"}


def test_as_much_is_kept_as_fits():
    record = record_of("x" * 2000)
    size = len(encode(record))

    assert fitting(record, size) is record
    assert read(fitting(record, size - 1))["payload"]["original_payload"] == "x" * 2000
    assert "original_payload" not in read(fitting(record, 1000))["payload"]


def test_the_record_that_was_given_stays_as_it_was():
    record = record_of("x")
    before = encode(record)
    fitting(record, 0)

    assert encode(record) == before


def test_whatever_makes_a_record_large_gives_way_to_its_size_largest_first():
    big = {name: Raw(json.dumps("x" * size).encode()) for name, size in (("h", 5000), ("extra", 4000))}
    record = record_of("y" * 3000, headers={"h": big["h"]}, unknown={"extra": big["extra"]})
    record.route.metadata = Raw(json.dumps("m" * 2000).encode())
    record.route.actors = ["a", *["b" * 60] * 20]

    left = read(fitting(record, 12_000))
    assert "headers" not in left
    assert left["payload"]["headers_omitted"]["bytes"] > 5000
    assert (left["extra"], left["payload"]["original_payload"]) == ("x" * 4000, "y" * 3000)

    least = read(fitting(record, 0))
    assert {name for name in least["payload"] if name.endswith("_omitted")} == {
        "headers_omitted",
        "members_omitted",
        "original_payload_omitted",
        "metadata_omitted",
        "actors_omitted",
    }
    assert (least["id"], least["route"]) == ("m1", {"actors": ["a"], "current": 0})
    assert len(json.dumps(least)) < 1500


def test_a_status_and_a_route_that_are_too_large_give_way_too():
    status = Status(created_at="x" * 3000, deadline_at="2999-01-01T00:00:00Z", unknown={"seen": Raw(b"1" * 2000)})
    record = record_of(1, status=status)
    record.route = Route(actors=["a" * 1000])
    record.payload = Raw(json.dumps({"error": "x", "original_payload_ref": "r" * 5000}).encode())

    least = read(fitting(record, 0))
    assert {name: part["bytes"] for name, part in least["payload"].items() if name.endswith("_omitted")} == {
        "original_payload_ref_omitted": 5002,
        "times_omitted": 3017,
        "status_members_omitted": 2009,
        "actors_omitted": 1004,
    }
    assert (least["route"], least["status"]["deadline_at"]) == ({"actors": [], "current": 0}, "2999-01-01T00:00:00Z")
    assert len(json.dumps(least)) < 1500


def test_a_retry_gives_up_only_what_it_says_of_the_last_failure():
    status = Status(phase="retrying", attempt=2, error=ErrorRecord(message="x" * 1000))
    envelope = Envelope(id="m1", route=Route(actors=["a"]), payload=Raw(b"1"), status=status)
    lighter = lighter_retry(Publication("a", envelope, "retry", 5.0))

    assert read(lighter.envelope)["status"] == {"phase": "retrying", "attempt": 2}
    assert lighter.delay == 5.0
    assert lighter_retry(lighter) is None
    assert lighter_retry(Publication("b", envelope, "routing")) is None
