from datetime import UTC, datetime, timedelta

import pytest
from msgspec import UNSET, Raw

from asya_core.decide import Ended, Failed, Hop, arrival, decide, refusal
from asya_core.envelope import Envelope, ErrorRecord, Route, Status
from asya_core.error_record import to_error_end
from asya_core.faults import Fault
from asya_core.outgoing import child, forward, to_end
from asya_core.policies import Policy, Resiliency, Seconds

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
ARRIVED = NOW - timedelta(seconds=60)
FAULT = Fault(code="processing_error", message="no stock", type="shop.Empty", mro=["LookupError"], traceback="line 1")


def message(**others):
    route = Route(actors=["split", "judge", "store"], current=1)
    return Envelope(**{"id": "a", "route": route, "payload": Raw(b"1")} | others)


def hop(**policy):
    policies = {"default": Policy(**policy)} if policy else {}
    return Hop("judge", Resiliency(policies=policies), ARRIVED)


def after(fault, envelope=None, **policy):
    return decide(envelope or message(), Failed(fault, 0.0), hop(**policy), NOW)


def test_a_result_goes_to_the_next_actor():
    made = child(message(), 0, Raw(b"2"))

    assert decide(message(), Ended(made), hop(), NOW) == forward(made, "judge", NOW)


def test_the_last_result_goes_to_happy_end():
    made = child(message(route=Route(actors=["judge"])), 0, Raw(b"2"))

    assert decide(message(), Ended(made), hop(), NOW).actor == "happy-end"


def test_without_a_result_the_input_goes_to_happy_end_with_its_position_unchanged():
    publication = decide(message(), Ended(None), hop(), NOW)

    assert publication == to_end(message(), "judge", NOW)
    assert publication.envelope.route.current == 1


def test_without_a_policy_a_failure_goes_to_error_end_at_once():
    publication = after(FAULT)

    assert publication == to_error_end(message(), FAULT, "judge", NOW, 1)
    assert (publication.envelope.status.attempt, publication.envelope.status.max_attempts) == (1, 1)


def test_a_failure_is_tried_again_as_a_new_message_to_the_same_actor():
    publication = after(FAULT, max_attempts=3, initial_delay=Seconds(8))

    assert (publication.actor, publication.kind, publication.delay) == ("judge", "retry", 4.0)
    assert publication.envelope == message(
        status=Status(
            phase="retrying",
            reason="processing_error",
            actor="judge",
            actor_since="2026-03-01T09:59:00Z",
            attempt=2,
            max_attempts=3,
            updated_at="2026-03-01T10:00:00Z",
            error=ErrorRecord(type="shop.Empty", mro=["LookupError"], message="no stock"),
        )
    )


def test_the_arrival_of_the_first_attempt_is_that_of_all():
    first = after(FAULT, max_attempts=9).envelope
    second = decide(first, Failed(FAULT, 0.0), Hop("judge", hop(max_attempts=9).resiliency, arrival(first, NOW)), NOW)

    assert arrival(first, NOW) == arrival(second.envelope, NOW) == ARRIVED
    assert second.envelope.status.attempt == 3


@pytest.mark.parametrize(("longest", "kind"), [(61, "retry"), (60, "error_end")])
def test_the_time_since_the_arrival_bounds_all_attempts(longest, kind):
    policy = {"max_attempts": 9, "initial_delay": Seconds(1), "jitter": False, "max_duration": Seconds(longest)}

    assert after(FAULT, **policy).kind == kind


def test_the_last_attempt_ends_at_error_end():
    publication = after(FAULT, message(status=Status(attempt=3, max_attempts=3)), max_attempts=3)

    assert publication.kind == "error_end"
    assert (publication.envelope.status.attempt, publication.envelope.status.max_attempts) == (3, 3)


def test_a_fault_that_is_certain_to_come_back_is_neither_tried_again_nor_rerouted():
    fault = Fault(code="result_error", message="no JSON")

    assert after(fault, max_attempts=9, then_route=["sorry"]).kind == "error_end"


def test_after_the_last_attempt_then_route_replaces_what_lies_ahead():
    publication = after(FAULT, max_attempts=1, then_route=["sorry", "store"])

    assert (publication.actor, publication.kind, publication.delay) == ("sorry", "routing", 0.0)
    assert publication.envelope == message(
        route=Route(actors=["split", "judge", "sorry", "store"], current=2),
        status=Status(
            phase="pending",
            reason="processing_error",
            actor="sorry",
            attempt=1,
            updated_at="2026-03-01T10:00:00Z",
            error=ErrorRecord(type="shop.Empty", mro=["LookupError"], message="no stock", traceback="line 1"),
        ),
    )


def test_then_route_waits_for_the_last_attempt():
    assert after(FAULT, max_attempts=2, then_route=["sorry"]).kind == "retry"


@pytest.mark.parametrize("text", ["m" * 10**6, "\x00" * 10**6])
def test_no_exception_makes_a_retry_too_large_to_publish(text):
    assert len(after(Fault(code="crash_error", message=text), max_attempts=2).envelope.status.error.message) < 5000


def test_a_message_at_its_step_is_run():
    assert refusal(message(), "judge", 10, 10, NOW) is None


def test_nobody_is_refused_before_the_deadline():
    assert refusal(message(status=Status(deadline_at="2026-03-01T10:00:01Z")), "judge", 1, 10, NOW) is None
    assert refusal(message(status=Status(created_at="2026-03-01T10:00:00Z")), "judge", 1, 10, NOW) is None


@pytest.mark.parametrize(
    ("envelope", "deliveries", "code", "sentence"),
    [
        (
            message(route=Route(actors=["split"], current=2)),
            1,
            "route_error",
            "route.current: 2 is outside of 0 to 1, the number of actors",
        ),
        (
            message(route=Route(actors=["judge", "error-end"])),
            1,
            "route_error",
            "route.actors[1]: 'error-end' is reached by finishing the route, not by naming it; remove it",
        ),
        (
            message(route=Route(actors=["split", "judge"])),
            1,
            "route_mismatch",
            "the message came to 'judge', but its route is at 'split'; send it to that actor's queue",
        ),
        (
            message(route=Route(actors=["judge"], current=1)),
            1,
            "route_mismatch",
            "the message came to 'judge', but its route is finished",
        ),
        (
            message(),
            11,
            "deliveries",
            (
                "the broker delivered it 11 times without an end, and maxDeliveries is 10; "
                "it probably takes the whole pod down; run it with `asya run`"
            ),
        ),
        (
            message(status=Status(deadline_at="2026-03-01T12:00:00+02:00")),
            1,
            "deadline_exceeded",
            "the message's deadline was 2026-03-01T12:00:00+02:00; it was not run; give it more time",
        ),
        (
            message(status=Status(deadline_at="soon")),
            1,
            "msg_parsing_error",
            "status.deadline_at: 'soon' is no RFC 3339 time, such as 2026-01-31T12:00:00Z",
        ),
    ],
)
def test_a_message_that_must_not_run_is_refused_with_the_reason(envelope, deliveries, code, sentence):
    assert refusal(envelope, "judge", deliveries, 10, NOW) == Fault(code=code, message=sentence)


@pytest.mark.parametrize(
    ("status", "arrived"),
    [
        (UNSET, NOW),
        (Status(), NOW),
        (Status(actor_since="2026-03-01T09:59:00Z"), ARRIVED),
        (Status(actor_since="a while ago"), NOW),
        (Status(actor_since="0001-01-01T00:00:00+14:00"), NOW),
    ],
)
def test_a_message_arrived_when_its_status_says_or_else_now(status, arrived):
    assert arrival(message(status=status), NOW) == arrived
