"""Whatever happens to whatever message: exactly one thing follows, and nothing of the message is lost in it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Raw

from asya_core.decide import Ended, Failed, Hop, arrival, decide
from asya_core.envelope import Route, decode, encode
from asya_core.faults import Fault
from asya_core.outgoing import attempt_of, child
from asya_core.policies import Policy, Resiliency, Rule, Seconds
from asya_core.route import next_actor
from lib.tests.envelopes import LIMITS, json_texts, meaning, names, raw, runnable_envelopes

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)

codes = st.sampled_from(["processing_error", "timeout_error", "crash_error", "result_error", "cancelled_error"])
faults = st.builds(
    Fault,
    code=codes,
    message=st.text(max_size=20),
    type=st.sampled_from(["", "ValueError", "shop.Empty"]),
    mro=st.lists(st.sampled_from(["LookupError", "shop.Error"]), max_size=2),
    retry_after=st.none() | st.floats(-1, 1e300),
)
lengths = st.floats(0, 1e6).map(Seconds)
policies = st.builds(
    Policy,
    max_attempts=st.integers(1, 9),
    backoff=st.sampled_from(["constant", "linear", "exponential"]),
    initial_delay=lengths,
    max_interval=lengths,
    max_duration=st.none() | lengths,
    jitter=st.booleans(),
    then_route=st.lists(names, max_size=3),
)
rules = st.builds(
    Rule,
    errors=st.lists(st.sampled_from(["ValueError", "Empty", "shop.Error", "crash_error"]), max_size=2),
    policy=st.sampled_from(["default", "other"]),
)
resiliencies = st.just(Resiliency()) | st.builds(
    Resiliency,
    policies=st.fixed_dictionaries({"default": policies, "other": policies}),
    rules=st.lists(rules, max_size=2),
)
results = st.none() | json_texts.map(lambda text: Raw(text.encode()))
outcomes = (
    results | st.builds(Failed, faults, st.floats(0, 1, exclude_max=True)) | st.builds(Failed, faults, st.just(0.0))
)


@given(runnable_envelopes, outcomes, resiliencies, st.timedeltas(timedelta(0), timedelta(days=400)))
@settings(max_examples=200)
def test_exactly_one_thing_follows_and_the_message_stays_as_it_was(envelope, outcome, resiliency, spent):
    if outcome is None or isinstance(outcome, Raw):
        outcome = Ended(None if outcome is None else child(envelope, 0, outcome))
    hop = Hop(next_actor(envelope.route), resiliency, NOW - spent)
    before = encode(envelope)
    publication = decide(envelope, outcome, hop, NOW)

    assert encode(envelope) == before
    assert decode(encode(publication.envelope), LIMITS) == publication.envelope
    assert (publication.envelope.id, publication.envelope.parent_id) == (envelope.id, envelope.parent_id)
    assert (publication.envelope.headers, publication.envelope.unknown) == (envelope.headers, envelope.unknown)
    assert_kept_status(publication.envelope, envelope)
    {"retry": assert_retry, "routing": assert_one_step, "happy_end": assert_result, "error_end": assert_error}[
        publication.kind
    ](publication, envelope, outcome, hop)


def assert_kept_status(after, before):
    """What belongs to the message rather than to its stay at one actor is the same."""
    if before.status is UNSET:
        return
    for name in ("generation", "created_at", "deadline_at", "unknown"):
        assert getattr(after.status, name) == getattr(before.status, name)


def assert_retry(publication, envelope, outcome, hop):
    policy = hop.resiliency.policy_for(outcome.fault)
    after = publication.envelope
    assert publication.actor == hop.actor
    assert (after.route, after.payload, after.payload_ref) == (envelope.route, envelope.payload, envelope.payload_ref)
    assert after.status.attempt == attempt_of(envelope) + 1 <= policy.max_attempts == after.status.max_attempts
    assert arrival(after, NOW) == hop.arrived
    assert outcome.fault.may_pass
    assert publication.delay >= min(outcome.fault.retry_after or 0.0, 604_800.0)


def assert_one_step(publication, envelope, outcome, hop):
    after = publication.envelope
    done = envelope.route.current + 1
    assert publication.actor == next_actor(after.route) == after.status.actor
    assert (after.route.current, after.status.attempt) == (done, 1)
    assert after.status.actor_since is UNSET
    assert (after.route.metadata, after.route.unknown) == (envelope.route.metadata, envelope.route.unknown)
    if isinstance(outcome, Ended):
        assert (after.route.actors, after.payload) == (envelope.route.actors, outcome.first.payload)
    else:
        policy = hop.resiliency.policy_for(outcome.fault)
        assert after.route.actors == envelope.route.actors[:done] + policy.then_route
        assert after.payload == envelope.payload
        assert after.status.error.type == outcome.fault.type


def assert_result(publication, envelope, outcome, hop):
    after = publication.envelope
    assert (publication.actor, after.status.phase, after.status.actor) == ("happy-end", "succeeded", hop.actor)
    if outcome.first is None:
        assert (after.route, after.payload) == (envelope.route, envelope.payload)
    else:
        assert after.route == Route(
            actors=envelope.route.actors,
            current=len(envelope.route.actors),
            metadata=envelope.route.metadata,
            unknown=envelope.route.unknown,
        )
        assert after.payload == outcome.first.payload


def assert_error(publication, envelope, outcome, hop):
    after, fault = publication.envelope, outcome.fault
    assert (publication.actor, publication.delay, after.route) == ("error-end", 0.0, envelope.route)
    assert (after.status.phase, after.status.reason, after.status.actor) == ("failed", fault.code, hop.actor)
    said = meaning(raw(after.payload))
    assert said["error"] == fault.code
    assert said["details"] == {"message": fault.message, "type": fault.type, "traceback": fault.traceback}
    assert said.get("original_payload_ref") == (meaning(raw(envelope.payload_ref)) if envelope.payload_ref else None)
    assert said["original_payload"] == meaning(raw(envelope.payload))
    assert b'"original_payload":' + raw(envelope.payload) in raw(after.payload)
    assert (after.status.error.message, after.status.error.mro) == (fault.message, fault.mro)
