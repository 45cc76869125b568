"""The payload of a stored error, from wherever it lies."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from asya_cli.errors import CliError
from asya_cli.repair.place import Place
from asya_cli.repair.replaying import actor_settings, as_envelope, failed_actor, stored_payload
from asya_core.claim_check import Place as ClaimPlace
from asya_core.claim_check import write_reference
from asya_core.envelope import encode
from asya_core.error_record import undecodable
from asya_core.errors import ClaimError, EnvelopeError, ObjectMissingError
from asya_core.stored_errors import edited, read_error
from tests.repair.making import NOW, message, record

PAYLOAD = json.dumps({"text": "x" * 1000}).encode()


@pytest.fixture
def place(store_url):
    return Place("here", claim_url=store_url, claim_prefix="payloads-asya/")


@pytest.fixture
def reference(store_url):
    sha256 = hashlib.sha256(PAYLOAD).hexdigest()
    return ClaimPlace(store_url, "payloads-asya/").refer(sha256, len(PAYLOAD), NOW)


def claimed(reference):
    envelope = message("a", ["one"], payload_ref=json.loads(bytes(write_reference(reference))))
    del envelope["payload"]
    return read_error(record(envelope))


def test_a_payload_that_is_stored_by_reference_is_fetched(place, reference, store):
    error = claimed(reference)
    with pytest.raises(ObjectMissingError):
        stored_payload(place, error)
    store.put(f"payloads-asya/2026-03-01/{reference.sha256}", PAYLOAD)
    assert stored_payload(place, error) == PAYLOAD
    whole = json.loads(as_envelope(error, PAYLOAD))
    assert whole["payload"] == json.loads(PAYLOAD)
    assert "payload_ref" not in whole
    store.put(f"payloads-asya/2026-03-01/{reference.sha256}", PAYLOAD.replace(b"x", b"y"))
    with pytest.raises(ClaimError, match="holds other content than it did"):
        stored_payload(place, error)


def test_a_reference_that_leads_elsewhere_is_not_followed(place, reference):
    elsewhere = ClaimPlace("file:///etc", "payloads-asya/").refer(reference.sha256, 1, NOW)
    with pytest.raises(ClaimError, match="does not lie in"):
        stored_payload(place, claimed(elsewhere))


def test_without_a_place_for_payloads_the_remedy_is_named(reference):
    with pytest.raises(CliError, match="nothing says where payloads lie; give -f values"):
        stored_payload(Place("here"), claimed(reference))


def test_what_was_stored_inside_is_there():
    error = read_error(record(message("a", ["one", "two"], status={"attempt": 2, "generation": 1})))
    payload = stored_payload(Place("here"), error)
    assert json.loads(payload) == {"of": "a"}
    status = json.loads(as_envelope(error, payload))["status"]
    assert status == {
        "phase": "pending",
        "actor": "two",
        "attempt": 2,
        "generation": 1,
        "created_at": "2026-03-01T10:00:00Z",
    }
    assert failed_actor(error) == "two"


def test_bytes_that_were_no_envelope_are_no_handlers_input():
    made = undecodable(b"\xff", "m", EnvelopeError("msg_parsing_error", "no"), "one", datetime.now(UTC))
    error = read_error(encode(made.envelope))
    with pytest.raises(CliError, match="stands for bytes that were no envelope"):
        stored_payload(Place("here"), error)
    assert stored_payload(Place("here"), read_error(edited(error, b"[1]", NOW))) == b"[1]"


def test_a_payload_that_was_not_stored_is_said_to_be_gone():
    error = json.loads(record(message("a", ["one"])))
    del error["payload"]["original_payload"]
    with pytest.raises(CliError, match="was too large to be stored; replay it with `asya run`"):
        stored_payload(Place("here"), read_error(json.dumps(error).encode()))


def test_without_a_local_run_nobody_knows_the_handler(tmp_path):
    assert actor_settings(tmp_path, "one") is None
