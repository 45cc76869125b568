import json
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asya_core.envelope import decode, encode
from asya_core.error_record import to_error_end
from asya_core.transports import Delivery
from asya_sidecar.intake import Undecodable, fault_of, key_of, read
from asya_sidecar.request import meta, payload
from images.sidecar.tests.bench import envelope, settings_for

NOW = datetime(2026, 1, 31, tzinfo=UTC)
FUZZ_CASES = 20_000
SAMPLE = json.dumps(
    envelope(
        "m1",
        {"deep": [{"a": 1.5, "b": None}], "text": "é\u2028\x00"},
        parent_id="root",
        headers={"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x-asya-cancel": [1]},
        status={"attempt": 2, "generation": 1, "deadline_at": "2030-01-01T00:00:00Z", "error": {"mro": ["E"]}},
        colour={"x": 1},
    )
).encode()


@pytest.fixture(params=["a", "happy-end", "error-end"])
def options(request, folder):
    return settings_for(folder, actor=request.param)


def look_at(body, options):
    """Do with a delivery what the actor does before and after its handler; nothing of it may raise."""
    delivery = Delivery(body, 1, "77", None)
    message = read(delivery, options, NOW)
    if isinstance(message, Undecodable):
        record = message.record.envelope
    else:
        key_of(message)
        meta(message, envelope_mode=True)
        payload(message)
        fault = fault_of(message, delivery, options, NOW)
        if fault is None:
            return "runs"
        record = to_error_end(message, fault, options.actor, NOW).envelope
    assert not isinstance(read(Delivery(encode(record), 1, "78", None), options, NOW), Undecodable)
    return "recorded"


def mutated(chance):
    body = bytearray(SAMPLE)
    for _ in range(chance.choice((1, 1, 2, 5))):
        place = chance.randrange(len(body))
        match chance.randrange(4):
            case 0:
                body[place] = chance.randrange(256)
            case 1:
                del body[place : place + chance.randrange(1, 30)]
            case 2:
                body[place:place] = chance.choice(
                    (b'"', b"{", b"]", b"\\ud800", b"\xff", b"1e999", b"-", b"null", b"\x00")
                )
            case 3:
                start = chance.randrange(len(body))
                body[place:place] = body[start : start + chance.randrange(1, 60)]
    return bytes(body)


def test_damaged_envelopes_run_or_are_recorded_as_what_can_be_read_again(options):
    chance = random.Random(11)
    outcomes = {look_at(mutated(chance), options) for _ in range(FUZZ_CASES // 3)}

    assert outcomes == {"runs", "recorded"}


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
_members = st.fixed_dictionaries(
    {},
    optional={
        "id": _json | st.just("m1"),
        "parent_id": _json | st.just("root"),
        "route": _json | st.fixed_dictionaries({"actors": st.just(["a", "b"])}, optional={"current": _json}),
        "headers": _json | st.dictionaries(st.text(max_size=12), _json, max_size=3),
        "status": _json | st.dictionaries(st.sampled_from(["attempt", "deadline_at", "actor_since", "error"]), _json),
        "payload": _json,
        "payload_ref": _json,
    },
)


@given(_members)
def test_any_json_runs_or_is_recorded(members):
    body = json.dumps(members).encode()
    for actor in ("a", "error-end"):
        assert look_at(body, settings_for("/nowhere", actor=actor)) in ("runs", "recorded")


def test_the_same_message_has_the_same_key_and_another_attempt_another(options):
    def key(**more):
        return key_of(decode(json.dumps(envelope("m1", **more)).encode(), options.limits))

    assert key() == key(headers={"x": 1}) == ("m1", 0, 1, 0)
    assert key(status={"attempt": 2}) == ("m1", 0, 2, 0)
    assert key(status={"generation": 3}) == ("m1", 0, 1, 3)
    assert key(route={"actors": ["a", "a"], "current": 1}) == ("m1", 1, 1, 0)


def test_two_undecodable_messages_in_hand_never_share_a_key(options):
    deliveries = [Delivery(b"garbage", 1, "1", None) for _ in range(2)]
    first, second = (read(delivery, options, NOW) for delivery in deliveries)

    assert first.key != second.key
