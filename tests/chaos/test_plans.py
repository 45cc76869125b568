from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from asya_core.envelope import decode
from asya_core.errors import EnvelopeError
from asya_core.limits import Limits
from asya_core.transports.nats.streams import LEASE_SECONDS
from tests.chaos.acts import DEEDS, plan_acts
from tests.chaos.messages import ROUTE, make_messages

VICTIMS = [("plain", "asya-sidecar"), ("plain", "asya-runtime"), ("judge", "asya-sidecar")]
SEEDS = st.integers(0, 10**9)


@given(SEEDS, st.integers(3, 50), st.floats(0.5, 100))
def test_deeds_are_in_order_in_time_and_of_every_kind(seed, count, within):
    acts = plan_acts(seed, VICTIMS, count, within)
    assert len(acts) == count
    assert {act.deed for act in acts[:3]} == set(DEEDS)
    times = [act.at for act in acts]
    assert times == sorted(times)
    assert all(0 <= at <= within for at in times)
    assert all((act.actor, act.container) in VICTIMS for act in acts)


@given(SEEDS)
def test_nobody_is_frozen_for_as_long_as_a_lease(seed):
    acts = plan_acts(seed, VICTIMS, 100, 10)
    assert all((act.seconds > 0) == (act.deed == "freeze") for act in acts)
    assert max(act.seconds for act in acts) < LEASE_SECONDS / 2


@given(SEEDS)
def test_a_seed_decides_everything(seed):
    assert plan_acts(seed, VICTIMS, 20, 10) == plan_acts(seed, VICTIMS, 20, 10)
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
