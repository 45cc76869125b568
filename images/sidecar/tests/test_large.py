import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw

from asya_core.envelope import Envelope, Route
from asya_core.error_record import to_error_end
from asya_core.faults import Fault
from asya_core.outgoing import Publication
from asya_sidecar.large import large_part, with_part_stored

REFERENCE = Raw(b'{"uri":"s3://b/p","sha256":"0","size":1}')


def publication(payload, kind="routing"):
    return Publication("b", Envelope(id="m", route=Route(actors=["a", "b"], current=1), payload=payload), kind, 3.0)


def record(payload, **more):
    envelope = Envelope(id="m", route=Route(actors=["a"]), payload=payload, **more)
    return to_error_end(envelope, Fault(code="processing_error", message="m" * 500), "a", datetime.now(UTC))


@pytest.mark.parametrize("kind", ["routing", "retry", "happy_end"])
def test_the_payload_of_a_message_is_its_large_part(kind):
    large = publication(Raw(b'"123456"'), kind)
    assert large_part(large, 7) == Raw(b'"123456"')
    assert large_part(large, 8) is None

    stored = with_part_stored(large, REFERENCE)
    assert (stored.actor, stored.kind, stored.delay) == ("b", kind, 3.0)
    assert (stored.envelope.payload, stored.envelope.payload_ref) == (UNSET, REFERENCE)
    assert large_part(stored, 0) is None


def test_the_payload_that_an_error_is_about_is_its_large_part():
    error = record(Raw(b'"123456"'))
    assert large_part(error, 7) == Raw(b'"123456"')
    assert large_part(error, 8) is None

    content = json.loads(bytes(with_part_stored(error, REFERENCE).envelope.payload))
    assert content == {
        **{
            name: value
            for name, value in json.loads(bytes(error.envelope.payload)).items()
            if name != "original_payload"
        },
        "original_payload_ref": json.loads(bytes(REFERENCE)),
    }


def test_a_payload_that_is_too_deep_for_a_record_is_stored_as_it_is():
    deep = Raw(b"[" * 255 + b"]" * 255)
    assert b"base64" in bytes(record(deep).envelope.payload)
    assert large_part(record(deep), 100) == deep


def test_an_error_about_a_stored_payload_has_no_large_part():
    assert large_part(record(UNSET, payload_ref=REFERENCE), 0) is None


@given(st.binary(max_size=40), st.integers(1, 60))
def test_a_record_of_any_bytes_is_stored_as_what_it_would_have_held(body, threshold):
    error = record(Raw(body))
    part = large_part(error, threshold)
    held = json.loads(bytes(error.envelope.payload))["original_payload"]
    if part is not None:
        assert json.loads(bytes(part)) == held
        assert len(part) > threshold
    assert error.envelope.payload is not UNSET
