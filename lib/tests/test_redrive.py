import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from asya_core.decide import refusal
from asya_core.envelope import decode, encode
from asya_core.error_record import to_error_end, undecodable
from asya_core.errors import EnvelopeError
from asya_core.faults import Fault
from asya_core.limits import Limits
from asya_core.redrive import CannotRedriveError, How, history, redriven
from asya_core.stored_errors import StoredErrorError, edited, read_error
from lib.tests.envelopes import LIMITS, json_texts, meaning, runnable_envelopes

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AS_IT_WAS = How()
codes = st.sampled_from(["processing_error", "timeout_error", "crash_error", "deliveries", "unroutable"])


def stored(code="processing_error", **members):
    """Return an error as error-end stores it."""
    text = {
        "id": "order-7",
        "route": {"actors": ["split", "judge", "write"], "current": 1},
        "payload": {"n": 1},
        **members,
    }
    fault = Fault(code=code, message="no", type="ValueError", mro=("ValueError", "Exception"), traceback="line 1\n")
    envelope = decode(json.dumps(text).encode(), LIMITS)
    return read_error(encode(to_error_end(envelope, fault, "judge", NOW, 3).envelope))


def plain(publication):
    return json.loads(encode(publication.envelope))


def test_a_message_is_tried_again_where_it_failed():
    publication = redriven(stored(status={"created_at": "2026-02-28T10:00:00Z", "attempt": 3}), AS_IT_WAS, NOW)
    assert publication.actor == "judge"
    assert plain(publication) == {
        "id": "order-7",
        "route": {"actors": ["split", "judge", "write"], "current": 1},
        "payload": {"n": 1},
        "status": {
            "phase": "pending",
            "actor": "judge",
            "attempt": 1,
            "generation": 1,
            "created_at": "2026-02-28T10:00:00Z",
            "updated_at": "2026-03-01T12:00:00Z",
            "redrives": [
                {
                    "generation": 0,
                    "at": "2026-03-01T12:00:00Z",
                    "actor": "judge",
                    "reason": "processing_error",
                    "type": "ValueError",
                    "message": "no",
                }
            ],
        },
    }


@given(runnable_envelopes, codes)
def test_whatever_the_message_it_is_the_same_but_for_its_status(envelope, code):
    error = read_error(encode(to_error_end(envelope, Fault(code=code, message="no"), "one", NOW).envelope))
    if error.generation == 2**63 - 1:
        with pytest.raises(CannotRedriveError, match="redriven 9223372036854775807 times"):
            redriven(error, How(drop_deadline=True), NOW)
        return
    publication = redriven(error, How(drop_deadline=True), NOW)
    before, after = meaning(encode(envelope)), meaning(encode(publication.envelope))
    status, was = after.pop("status"), before.pop("status", {})
    assert after == before
    assert publication.actor == envelope.route.actors[envelope.route.current]
    assert int(status["generation"]) == int(was.get("generation", 0)) + 1
    assert status["attempt"] == "1"
    assert status.get("created_at") == was.get("created_at")
    assert not {"error", "reason", "max_attempts", "actor_since", "deadline_at"} & status.keys()
    again = decode(encode(publication.envelope), LIMITS)
    assert refusal(again, publication.actor, 1, 10, NOW) is None


@given(runnable_envelopes, json_texts)
def test_an_edited_payload_takes_the_originals_place_and_the_original_stays(envelope, payload):
    error = read_error(encode(to_error_end(envelope, Fault(code="crash_error", message=""), "one", NOW).envelope))
    body = edited(error, payload.encode(), NOW)
    after = read_error(edited(read_error(body), payload.encode(), NOW))
    assert meaning(bytes(after.payload)) == meaning(payload)
    assert after.is_edited
    assert after.original == error.original
    assert after.status == error.status


def test_a_message_may_begin_from_the_start():
    publication = redriven(stored(), How(from_start=True), NOW)
    assert publication.actor == "split"
    assert publication.envelope.route.current == 0


@pytest.mark.parametrize(
    ("how", "actors", "current"),
    [
        (How(actor="judge-2"), ["split", "judge-2", "write"], 1),
        (How(actor="split-2", from_start=True), ["split-2", "judge", "write"], 0),
    ],
)
def test_another_actor_may_take_the_place_of_one(how, actors, current):
    publication = redriven(stored(), how, NOW)
    assert publication.actor == how.actor
    assert (publication.envelope.route.actors, publication.envelope.route.current) == (actors, current)


def test_a_child_stays_its_parents():
    error = stored(id="order-7-1.2", parent_id="order-7", route={"actors": ["judge"], "current": 0})
    envelope = redriven(error, AS_IT_WAS, NOW).envelope
    assert (envelope.id, envelope.parent_id) == ("order-7-1.2", "order-7")


def test_a_large_payload_is_passed_on_as_its_reference():
    reference = {"uri": "s3://bucket/payloads-asya/2026-03-01/ab", "sha256": "ab", "size": 9}
    text = {"id": "a", "route": {"actors": ["one"]}, "payload_ref": reference}
    envelope = decode(json.dumps(text).encode(), LIMITS)
    error = read_error(encode(to_error_end(envelope, Fault(code="x", message=""), "one", NOW).envelope))
    made = plain(redriven(error, AS_IT_WAS, NOW))
    assert made["payload_ref"] == reference
    assert "payload" not in made
    other = plain(redriven(read_error(edited(error, b"[2]", NOW)), AS_IT_WAS, NOW))
    assert other["payload"] == [2]
    assert "payload_ref" not in other


def test_a_payload_as_deep_as_messages_may_be_comes_back_whole():
    depth = Limits().depth - 1
    payload = "[" * depth + "]" * depth
    envelope = decode(f'{{"id":"a","route":{{"actors":["one"]}},"payload":{payload}}}'.encode(), LIMITS)
    error = read_error(encode(to_error_end(envelope, Fault(code="x", message=""), "one", NOW).envelope))
    assert bytes(redriven(error, AS_IT_WAS, NOW).envelope.payload) == payload.encode()


@pytest.mark.parametrize("payload", [{"base64": "W10="}, {"base64": "!"}, {"base64": 1}, {"base64": "W10=", "b": ""}])
def test_a_payload_that_only_looks_like_base64_of_ours_stays(payload):
    assert plain(redriven(stored(payload=payload), AS_IT_WAS, NOW))["payload"] == payload


def test_a_deadline_that_has_passed_is_asked_about():
    error = stored("deadline_exceeded", status={"deadline_at": "2026-03-01T11:59:59Z"})
    with pytest.raises(CannotRedriveError, match=r"its deadline was 2026-03-01T11:59:59Z, so it would end at once"):
        redriven(error, AS_IT_WAS, NOW)
    assert redriven(error, How(drop_deadline=True), NOW).envelope.status.deadline_at is UNSET
    assert redriven(error, How(deadline=600.0), NOW).envelope.status.deadline_at == "2026-03-01T12:10:00Z"


def test_a_deadline_to_come_stays():
    until = (NOW + timedelta(minutes=1)).isoformat()
    error = stored(status={"deadline_at": until})
    assert redriven(error, AS_IT_WAS, NOW).envelope.status.deadline_at == until


def test_a_deadline_that_nobody_can_read_is_asked_about_too():
    with pytest.raises(CannotRedriveError, match="its deadline was soon"):
        redriven(stored("msg_parsing_error", status={"deadline_at": "soon"}), AS_IT_WAS, NOW)


@pytest.mark.parametrize(
    ("reason", "left"), [("cancelled_error", {"a": 1}), ("crash_error", {"a": 1, "x-asya-cancel": 2})]
)
def test_the_wish_to_cancel_counts_once(reason, left):
    error = stored(reason, headers={"a": 1, "x-asya-cancel": 2})
    assert plain(redriven(error, AS_IT_WAS, NOW))["headers"] == left


def raw(body=b"\xff not JSON"):
    made = undecodable(body, "nats:7", EnvelopeError("msg_parsing_error", "not JSON"), "judge", NOW)
    return read_error(encode(made.envelope))


def test_bytes_that_were_no_envelope_need_a_payload_and_an_actor():
    for how in (AS_IT_WAS, How(actor="judge"), How(from_start=True)):
        with pytest.raises(CannotRedriveError, match="the message was no envelope, so it has no route"):
            redriven(raw(), how, NOW)
    mended = read_error(edited(raw(), b'{"n": 2}', NOW))
    with pytest.raises(CannotRedriveError, match="name the actor with --to ACTOR"):
        redriven(mended, AS_IT_WAS, NOW)
    publication = redriven(mended, How(actor="judge"), NOW)
    assert publication.actor == "judge"
    assert publication.envelope.route.actors == ["judge"]
    assert bytes(publication.envelope.payload) == b'{"n": 2}'


def test_a_finished_route_needs_an_actor():
    error = stored("route_mismatch", route={"actors": ["split"], "current": 1})
    with pytest.raises(CannotRedriveError, match="its route is finished"):
        redriven(error, AS_IT_WAS, NOW)
    assert redriven(error, How(from_start=True), NOW).actor == "split"
    publication = redriven(error, How(actor="write"), NOW)
    assert (publication.actor, publication.envelope.route.actors) == ("write", ["split", "write"])


def test_a_route_that_can_not_be_followed_is_refused():
    error = stored("route_error", route={"actors": ["split", "happy-end"], "current": 0})
    with pytest.raises(CannotRedriveError, match="its route can't be followed"):
        redriven(error, AS_IT_WAS, NOW)
    with pytest.raises(CannotRedriveError, match="can't be an actor's name; correct --to"):
        redriven(error, How(actor="Not a name"), NOW)


def without(error, *parts):
    """Return the same error after parts of it were left out, as sidecars do with what is too large."""
    text = json.loads(encode(error.envelope))
    for part in parts:
        text["payload"].pop(part, None)
        text["payload"][f"{part}_omitted"] = {"bytes": 1, "sha256": "ab"}
    return read_error(json.dumps(text).encode())


def test_a_payload_that_was_not_stored_has_to_be_given():
    error = without(stored(), "original_payload")
    with pytest.raises(CannotRedriveError, match="its payload was too large to be stored"):
        redriven(error, How(incomplete=True), NOW)
    assert plain(redriven(read_error(edited(error, b"1", NOW)), AS_IT_WAS, NOW))["payload"] == 1


def test_a_message_that_was_not_stored_whole_goes_on_only_if_that_is_said():
    error = without(stored(), "headers", "metadata")
    with pytest.raises(CannotRedriveError, match="lacks headers, metadata"):
        redriven(error, AS_IT_WAS, NOW)
    assert redriven(error, How(incomplete=True), NOW).actor == "judge"


def test_how_often_a_message_is_redriven_can_be_bounded():
    error = stored(status={"generation": 2})
    assert redriven(error, How(most=3), NOW).envelope.status.generation == 3
    with pytest.raises(CannotRedriveError, match="it was redriven 2 times already"):
        redriven(error, How(most=2), NOW)


def test_what_it_failed_at_before_goes_with_it_but_not_without_end():
    error = stored(status={"unrelated": True})
    for generation in range(13):
        assert error.generation == generation
        envelope = redriven(error, AS_IT_WAS, NOW).envelope
        fault = Fault(code="crash_error", message="m" * 5000)
        error = read_error(encode(to_error_end(envelope, fault, "judge", NOW).envelope))
    told = history(error)
    assert [each["generation"] for each in told] == list(range(3, 13))
    assert len(told[-1]["message"]) == 200
    assert json.loads(encode(error.envelope))["status"]["unrelated"] is True


@pytest.mark.parametrize("history_member", [b"1", b"[1]", b"{}"])
def test_a_history_that_somebody_else_wrote_there_is_not_taken_for_ours(history_member):
    error = stored(status={"redrives": json.loads(history_member)})
    assert history(error) == []
    assert len(history(stored(status=plain(redriven(error, AS_IT_WAS, NOW))["status"]))) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense", b"[]", b"{}", b'{"id":"a","route":{"actors":[]},"payload":[1]}', b'{"id":"a"}', b"[" * 100_000],
)
def test_what_is_no_error_is_said_to_be_none(body):
    with pytest.raises(StoredErrorError, match="is no error that error-end wrote"):
        read_error(body)


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        (b"{'a': 1}", "the payload is not JSON"),
        (b"", "the payload is not JSON"),
        (b"NaN", "NaN at byte 0 is no number of JSON"),
        (b'"\xff"', "the payload is not UTF-8"),
        (b"[" * 300 + b"]" * 300, "nested deeper than 254"),
    ],
)
def test_a_payload_that_no_message_can_hold_is_refused(payload, sentence):
    with pytest.raises(StoredErrorError, match=sentence):
        edited(stored(), payload, NOW)


def test_an_error_tells_what_it_says_where_its_status_does_not():
    text = {
        "id": "a",
        "route": {"actors": ["one"]},
        "payload": {"error": "crash_error", "details": {"message": "m", "type": "T", "traceback": "t"}},
    }
    error = read_error(json.dumps(text).encode())
    assert (error.reason, error.actor, error.generation) == ("crash_error", "", 0)
    assert (error.record.type, error.record.message, error.record.traceback) == ("T", "m", "t")
    assert (error.failed_at, error.created_at, error.payload, error.omitted) == (None, None, None, [])
    del text["payload"]["error"], text["payload"]["details"]
    bare = read_error(json.dumps({**text, "status": {"reason": "x"}}).encode())
    assert (bare.reason, bare.record.message) == ("x", UNSET)
