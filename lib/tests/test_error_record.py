import base64
import hashlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw

from asya_core.envelope import Envelope, ErrorRecord, Route, Status, decode, encode
from asya_core.error_record import error_of, to_error_end, undecodable
from asya_core.errors import EnvelopeError
from asya_core.faults import Fault
from asya_core.limits import Limits
from lib.tests.envelopes import LIMITS, raw

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
FAULT = Fault(code="processing_error", message="no stock", type="shop.Empty", mro=["LookupError"], traceback="line 1")


def message(**others):
    route = Route(actors=["split", "judge"], current=1)
    return Envelope(**{"id": "a", "route": route, "payload": Raw(b'{"in":1e999}')} | others)


def record_of(envelope, fault=FAULT, **others):
    publication = to_error_end(envelope, fault, "judge", NOW, **others)
    assert (publication.actor, publication.kind, publication.delay) == ("error-end", "error_end", 0.0)
    return publication.envelope


def unread(body):
    """What error-end gets for bytes that are no envelope; as it arrives there."""
    with pytest.raises(EnvelopeError) as caught:
        decode(body, LIMITS)
    record = undecodable(body, "17", caught.value, "judge", NOW).envelope
    assert decode(encode(record), LIMITS) == record
    return record


def test_an_error_record_says_what_went_wrong_and_holds_the_original():
    record = record_of(message())

    assert raw(record.payload) == (
        b'{"error":"processing_error",'
        b'"details":{"message":"no stock","type":"shop.Empty","traceback":"line 1"},'
        b'"original_payload":{"in":1e999}}'
    )
    assert record.status == Status(
        phase="failed",
        reason="processing_error",
        actor="judge",
        attempt=1,
        updated_at="2026-03-01T10:00:00Z",
        error=ErrorRecord(type="shop.Empty", mro=["LookupError"], message="no stock", traceback="line 1"),
    )


def test_an_error_record_keeps_ids_route_headers_and_what_nobody_understood():
    before = message(parent_id="p", headers={"traceparent": Raw(b'"00-1"')}, unknown={"x": Raw(b"1")})
    record = record_of(before)

    record.status, record.payload = UNSET, before.payload
    assert record == before


def test_an_error_record_keeps_what_belongs_to_the_message_and_to_its_stay_here():
    status = Status(
        phase="retrying", attempt=3, max_attempts=4, actor_since="2026-03-01T09:00:00Z", generation=2,
        created_at="2026-03-01T08:00:00Z", deadline_at="2026-03-02T08:00:00Z", unknown={"s": Raw(b"1")},
    )  # fmt: skip
    record = record_of(message(status=status))

    assert record.status == Status(
        phase="failed", reason="processing_error", actor="judge", updated_at="2026-03-01T10:00:00Z",
        attempt=3, max_attempts=4, actor_since="2026-03-01T09:00:00Z", generation=2,
        created_at="2026-03-01T08:00:00Z", deadline_at="2026-03-02T08:00:00Z", unknown={"s": Raw(b"1")},
        error=error_of(FAULT),
    )  # fmt: skip
    assert record_of(message(status=status), max_attempts=7).status.max_attempts == 7


def test_a_large_original_stays_a_reference():
    record = record_of(message(payload=UNSET, payload_ref=Raw(b'{"uri":"s3://b/k"}')))

    assert json.loads(raw(record.payload))["original_payload_ref"] == {"uri": "s3://b/k"}
    assert "original_payload" not in json.loads(raw(record.payload))
    assert record.payload_ref is UNSET


@pytest.mark.parametrize("levels", [254, 255])
def test_error_end_can_read_the_record_of_a_payload_as_deep_as_may_be(levels):
    payload = b"[" * levels + b"]" * levels
    before = decode(encode(message(payload=Raw(payload))), LIMITS)
    record = decode(encode(record_of(before)), LIMITS)

    original = json.loads(raw(record.payload))["original_payload"]
    assert original == (json.loads(payload) if levels == 254 else {"base64": base64.b64encode(payload).decode()})


def test_long_texts_lose_their_middle():
    fault = Fault(code="processing_error", message="m" * 4097, traceback="first" + "t" * 40_000 + "last")
    error = record_of(message(), fault).status.error

    assert error.message == "m" * 2048 + "\n[1 characters left out]\n" + "m" * 2048
    assert error.traceback.startswith("firstt")
    assert error.traceback.endswith("tlast")
    assert "\n[7241 characters left out]\n" in error.traceback
    assert json.loads(raw(record_of(message(), fault).payload))["details"]["message"] == error.message


def test_texts_that_are_just_not_too_long_stay_whole():
    error = error_of(Fault(code="processing_error", message="m" * 4096, traceback="t" * 32_768))

    assert (error.message, error.traceback) == ("m" * 4096, "t" * 32_768)


def test_the_traceback_can_be_left_out():
    assert error_of(FAULT, with_traceback=False) == ErrorRecord(
        type="shop.Empty", mro=["LookupError"], message="no stock"
    )


def test_a_message_that_is_no_envelope_is_stored_beside_the_end_of_the_id_that_it_carries():
    body = b' {"id":"order-7","payload":{"n":1e999}} '
    record = unread(body)

    assert record.id == f"raw-{hashlib.sha256(body).hexdigest()}-17"
    assert (record.parent_id, record.route) == ("order-7", Route(actors=["judge"]))
    assert (record.status.reason, record.status.actor) == ("msg_parsing_error", "judge")
    assert record.status.error.message == "no envelope: Object missing required field `route`"
    assert b'"original_payload":' + body + b"}" in raw(record.payload)


@pytest.mark.parametrize(
    "body", [b'{"id":"a-0.1"}', b'{"id":"a-0.1","parent_id":"a"}', b'{"id":"a-0.1","parent_id":7,"status":7}']
)
def test_a_childs_message_that_is_no_envelope_is_found_by_the_childs_id(body):
    assert unread(body).parent_id == "a-0.1"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"nonsense", b"\xff\xfe", b'{"id":', b'{"id":7}', b'{"id":"a b"}', b'{"id":""}', b"[1]", b"[" * 100_000,
        b'{"id":"\xff"}',
    ],
)  # fmt: skip
def test_a_message_without_a_usable_id_has_no_parent(body):
    record = unread(body)

    assert record.id == f"raw-{hashlib.sha256(body).hexdigest()}-17"
    assert record.parent_id is UNSET


def test_a_message_that_is_no_envelope_keeps_the_time_that_it_was_created_at():
    record = unread(b'{"id":7,"status":{"created_at":"2026-02-27T23:59:59+01:00","attempt":"many"}}')

    assert record.status.created_at == "2026-02-27T23:59:59+01:00"
    assert (record.status.phase, record.status.attempt) == ("failed", 1)


@pytest.mark.parametrize(
    "status", [b"7", b"{}", b'{"created_at":7}', b'{"created_at":"yesterday"}', b'{"created_at":"\xff"}']
)
def test_a_time_of_creation_that_is_none_is_left_out(status):
    assert unread(b'{"id":"a","status":' + status + b"}").status.created_at is UNSET


def test_a_message_over_the_limit_keeps_its_id_and_its_day():
    body = encode(
        message(id="big", status=Status(created_at="2026-03-01T08:00:00Z"), payload=Raw(b'"%b"' % (b"x" * 99)))
    )
    with pytest.raises(EnvelopeError, match="too large"):
        decode(body, Limits(size=99))
    record = undecodable(body, "17", EnvelopeError("msg_parsing_error", "too large"), "judge", NOW).envelope

    assert (record.parent_id, record.status.created_at) == ("big", "2026-03-01T08:00:00Z")


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b'{"id":"a","payload":"\xff"}', b'{"id":"a"', b"[" * 300 + b"]" * 300]
)
def test_bytes_that_cannot_stand_in_json_are_stored_as_base64(body):
    original = json.loads(raw(unread(body).payload))["original_payload"]

    assert base64.b64decode(original["base64"]) == body


@given(st.binary(max_size=40) | st.text('{}[]":,idroute0\\', max_size=40).map(str.encode), st.text(), st.text())
def test_any_bytes_give_a_record_that_error_end_can_read(body, message_id, actor):
    publication = undecodable(body, message_id, EnvelopeError("msg_parsing_error", "why"), actor, NOW)
    record = decode(encode(publication.envelope), LIMITS)

    assert record == publication.envelope
    assert record == undecodable(body, message_id, EnvelopeError("msg_parsing_error", "why"), actor, NOW).envelope
