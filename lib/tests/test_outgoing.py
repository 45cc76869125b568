from datetime import UTC, datetime

import pytest
from msgspec import UNSET, Raw

from asya_core.envelope import Envelope, ErrorRecord, Route, Status, decode, encode
from asya_core.errors import ResultError, RouteError
from asya_core.limits import Limits
from asya_core.outgoing import Publication, attempt_of, child, edited_child, forward, to_end
from lib.tests.envelopes import LIMITS

NO_ENVELOPE = "what the handler returned can't be passed on"
NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)


def message(**others):
    route = Route(actors=["split", "judge", "store"], current=1, metadata=Raw(b"[0]"), unknown={"r": Raw(b"1")})
    members = {
        "id": "a",
        "route": route,
        "headers": {"traceparent": Raw(b'"00-1"')},
        "status": Status(
            phase="retrying",
            reason="processing_error",
            actor="judge",
            actor_since="2026-03-01T09:00:00Z",
            attempt=3,
            max_attempts=5,
            generation=2,
            created_at="2026-03-01T08:00:00Z",
            updated_at="2026-03-01T09:30:00Z",
            deadline_at="2026-03-02T08:00:00Z",
            error=ErrorRecord(type="E"),
            unknown={"s": Raw(b"2")},
        ),
        "payload": Raw(b'{"in":1}'),
        "unknown": {"e": Raw(b"3")},
    }
    return Envelope(**members | others)


def kept(**others):
    """The status of `message`, as far as it belongs to the message and not to its stay at one actor."""
    return Status(
        generation=2,
        created_at="2026-03-01T08:00:00Z",
        deadline_at="2026-03-02T08:00:00Z",
        updated_at="2026-03-01T10:00:00Z",
        unknown={"s": Raw(b"2")},
        **others,
    )


def test_the_first_child_keeps_id_and_parent_and_is_one_step_on():
    made = child(message(parent_id="p"), 0, Raw(b"7"))

    assert (made.id, made.parent_id) == ("a", "p")
    assert made.payload == Raw(b"7")
    assert made.route == Route(
        actors=["split", "judge", "store"], current=2, metadata=Raw(b"[0]"), unknown={"r": Raw(b"1")}
    )
    assert (made.headers, made.unknown) == (message().headers, message().unknown)


def test_later_children_have_ids_of_their_own_and_name_their_parent():
    made = child(message(parent_id="p"), 3, Raw(b"7"))

    assert (made.id, made.parent_id) == ("a-1.3", "a")


def test_a_childs_payload_takes_the_place_of_a_reference():
    made = child(message(payload=UNSET, payload_ref=Raw(b"{}")), 0, Raw(b"7"))

    assert (made.payload, made.payload_ref) == (Raw(b"7"), UNSET)


@pytest.mark.parametrize("result", [b"", b"NaN", b'{"a":1', b'"\xff"', b"1 2", b'"\\ud800"'])
def test_a_result_that_is_no_json_is_the_handlers_error(result):
    with pytest.raises(ResultError, match=r"^result 2 of the handler can't be passed on: not ") as caught:
        child(message(), 2, Raw(result))

    assert caught.value.code == "result_error"


def test_a_result_may_be_as_deep_as_the_next_actor_can_read():
    payload = b"[" * 255 + b"]" * 255
    made = decode(encode(child(message(), 0, Raw(payload))), LIMITS)

    assert bytes(made.payload) == payload


def test_a_result_that_the_next_actor_could_not_read_is_the_handlers_error():
    with pytest.raises(ResultError, match="nested deeper than 255 arrays or objects; return a flatter one"):
        child(message(), 0, Raw(b"[" * 256 + b"]" * 256))


def test_an_edited_envelope_may_be_no_deeper_than_the_next_actor_can_read():
    head, tail = b'{"id":"a","route":{"actors":["split","judge"],"current":2},"payload":', b"}"
    payload = b"[" * 255 + b"]" * 255

    assert bytes(edited_child(message(), 0, head + payload + tail, LIMITS).payload) == payload
    with pytest.raises(RouteError, match="nested deeper than 256"):
        edited_child(message(), 0, head + b"[" + payload + b"]" + tail, LIMITS)


def test_an_edited_envelope_becomes_a_child():
    before = message(parent_id="p")
    item = b'{"id":"a","route":{"actors":["split","judge","refine"],"current":2},"payload":[1e999],"new":0}'
    first, second = (edited_child(before, index, item, LIMITS) for index in (0, 1))

    assert first == Envelope(
        id="a",
        parent_id="p",
        route=Route(actors=["split", "judge", "refine"], current=2),
        status=before.status,
        payload=Raw(b"[1e999]"),
        unknown={"new": Raw(b"0")},
    )
    assert (second.id, second.parent_id) == ("a-1.1", "a")
    assert (second.route, second.payload) == (first.route, first.payload)


def test_a_child_in_envelope_mode_may_lose_its_parent_on_the_way_through_the_handler():
    before = message(id="a-0.1", parent_id="a")
    item = b'{"id":"a-0.1","route":{"actors":["split","judge"],"current":2},"payload":1}'

    assert edited_child(before, 0, item, LIMITS).parent_id == "a"


@pytest.mark.parametrize(
    ("item", "limits", "sentence"),
    [
        (b"[]", LIMITS, f"{NO_ENVELOPE}: no envelope: Expected `object`, got `array`"),
        (b'{"id":', LIMITS, f"{NO_ENVELOPE}: not JSON: Input data was truncated"),
        (b"[[]]", Limits(depth=1), f"{NO_ENVELOPE}: nested deeper than 1 arrays or objects; send a flatter message"),
        (
            b'{"id":"a","route":{"actors":[]},"payload":1}',
            LIMITS,
            "a handler must advance route.current by exactly one, from 1 to 2; it returned 0",
        ),
    ],
)
def test_what_is_no_envelope_or_breaks_a_rule_is_the_handlers_error(item, limits, sentence):
    with pytest.raises(RouteError) as caught:
        edited_child(message(), 0, item, limits)

    assert caught.value.code == "route_error"
    assert str(caught.value) == sentence


def test_a_message_goes_on_to_the_next_actor_as_its_first_attempt():
    made = child(message(), 0, Raw(b"7"))
    publication = forward(made, "judge", NOW)

    assert publication == Publication("store", publication.envelope, "routing", 0.0)
    assert publication.envelope.status == kept(phase="pending", actor="store", attempt=1)
    publication.envelope.status = made.status
    assert publication.envelope == made


def test_a_finished_route_leads_to_happy_end():
    made = child(message(route=Route(actors=["judge"])), 0, Raw(b"7"))
    publication = forward(made, "judge", NOW)

    assert publication == Publication("happy-end", publication.envelope, "happy_end", 0.0)
    assert publication.envelope.status == kept(phase="succeeded", actor="judge", attempt=3)
    assert publication.envelope.route == Route(actors=["judge"], current=1)


def test_without_a_result_the_input_goes_to_happy_end_where_it_is():
    before = message()
    publication = to_end(before, "judge", NOW)

    assert (publication.actor, publication.kind) == ("happy-end", "happy_end")
    assert (publication.envelope.route, publication.envelope.payload) == (before.route, before.payload)


def test_a_message_without_status_gets_one():
    bare = message(status=UNSET)

    assert forward(bare, "split", NOW).envelope.status == Status(
        phase="pending", actor="judge", attempt=1, updated_at="2026-03-01T10:00:00Z"
    )
    assert to_end(bare, "judge", NOW).envelope.status == Status(
        phase="succeeded", actor="judge", attempt=1, updated_at="2026-03-01T10:00:00Z"
    )


@pytest.mark.parametrize(
    ("status", "attempt"), [(UNSET, 1), (Status(), 1), (Status(attempt=0), 1), (Status(attempt=4), 4)]
)
def test_attempts_count_from_one(status, attempt):
    assert attempt_of(message(status=status)) == attempt


def test_nothing_that_is_made_changes_the_message():
    before, written = message(), encode(message())
    for index in (0, 1):
        forward(child(before, index, Raw(b"7")), "judge", NOW)
    to_end(before, "judge", NOW)

    assert encode(before) == written
