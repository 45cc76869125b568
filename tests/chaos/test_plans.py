from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from asya_core.envelope import decode
from asya_core.errors import EnvelopeError
from asya_core.limits import Limits
from asya_core.policies import Resiliency
from asya_core.transports.nats.streams import LEASE_SECONDS
from tests.chaos.acts import DEEDS, LASTING, SPARED, Heat, plan_acts
from tests.chaos.fire import LONG_FREEZE
from tests.chaos.messages import ROUTE, make_messages

ACTORS = ("plain", "judge")
REMOVABLE = ("refine",)
PROCESSES = {victim for victim, deeds in DEEDS.items() if "freeze" in deeds}
EACH = {(victim, deed) for victim, deeds in DEEDS.items() for deed in deeds}
SEEDS = st.integers(0, 10**9)


def planned(seed, count=50, within=10.0, freeze=LONG_FREEZE, victims=tuple(DEEDS)):
    return plan_acts(seed, Heat(ACTORS, REMOVABLE, victims, count, within, freeze))


@given(SEEDS, st.integers(len(EACH), 50), st.floats(0.5, 100))
def test_deeds_are_in_order_in_time_and_of_every_kind(seed, count, within):
    acts = planned(seed, count, within)
    assert len(acts) == count
    assert {(act.victim, act.deed) for act in acts} == EACH
    times = [act.at for act in acts]
    assert times == sorted(times)
    assert all(0 <= at <= within for at in times)
    whose = {"broker": ("",), "queue": REMOVABLE}
    assert all(act.actor in whose.get(act.victim, ACTORS) for act in acts)


@given(SEEDS, st.integers(0, 5))
def test_a_few_deeds_are_a_few_of_them(seed, count):
    assert len(planned(seed, count)) == count


@given(SEEDS)
def test_each_kind_is_frozen_at_least_once_for_longer_than_a_lease(seed):
    acts = planned(seed)
    frozen = [act for act in acts if act.deed == "freeze"]
    assert all((act.seconds > 0) == (act.deed in LASTING) for act in acts)
    assert {act.victim for act in frozen if act.seconds > LEASE_SECONDS} == PROCESSES
    assert max(act.seconds for act in planned(seed, freeze=4.0)) == 4.0


@given(SEEDS)
def test_no_queue_is_away_for_longer_than_publishers_hold_on(seed):
    removed = [act.seconds for act in planned(seed, freeze=300.0) if act.deed == "remove"]
    assert removed
    assert max(removed) < Resiliency().unroutable_after / 2


@given(SEEDS)
def test_a_broker_that_forgets_is_never_killed(seed):
    acts = plan_acts(seed, Heat(ACTORS, REMOVABLE, ("broker",), 20, 10.0, 3.0, SPARED["sqs"]))
    assert {(act.victim, act.deed) for act in acts} == {("broker", "freeze")}


@given(SEEDS)
def test_nobody_is_hurt_who_is_not_meant_to_be(seed):
    assert {act.victim for act in planned(seed, victims=("sidecar",))} == {"sidecar"}


@given(SEEDS)
def test_a_seed_decides_everything(seed):
    assert planned(seed) == planned(seed)
    assert make_messages(seed, 40) == make_messages(seed, 40)


@given(SEEDS, st.integers(1, 100))
def test_no_two_messages_share_an_id(seed, count):
    messages = make_messages(seed, count)
    ids = Counter(name for message in messages for name in message.ends)
    assert len(messages) == count
    assert set(ids.values()) == {1}


def test_most_messages_are_envelopes_and_the_others_are_expected_to_end_in_errors():
    unreadable = 0
    for message in make_messages(3, 100):
        try:
            envelope = decode(message.body, Limits())
        except EnvelopeError:
            unreadable += 1
            assert {end.kind for end in message.ends.values()} == {"error"}
        else:
            assert (envelope.id, tuple(envelope.route.actors)) == (message.id, ROUTE)
    assert 2 <= unreadable <= 20
