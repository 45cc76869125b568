import json
from datetime import UTC, datetime

from msgspec import Raw

from asya_core.envelope import Envelope, Route, encode
from asya_core.error_record import to_error_end
from asya_core.faults import Fault
from asya_sidecar.records import fitting, smaller

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
