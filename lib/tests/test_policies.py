import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asya_core.errors import SettingsError
from asya_core.faults import Fault
from asya_core.policies import LONGEST_DELAY, Policy, Resiliency, Rule, Seconds, next_attempt_delay, read_resiliency

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FAULT = Fault(code="processing_error", message="no", type="shop.OutOfStock", mro=["shop.ShopError", "Exception"])


def policy(**others):
    seconds = {name: Seconds(value) for name, value in others.items() if isinstance(value, float)}
    return Policy(**{"max_attempts": 5, "jitter": False} | others | seconds)


def delay_of(chosen, fault=FAULT, *, attempt=1, spent=0.0, chance=0.5):
    return next_attempt_delay(chosen, fault, attempt, NOW - timedelta(seconds=spent), NOW, chance)


@pytest.mark.parametrize(
    ("backoff", "delays"),
    [("constant", [2, 2, 2, 2]), ("linear", [2, 4, 6, 8]), ("exponential", [2, 4, 8, 10])],
)
def test_delays_grow_by_the_backoff_up_to_the_longest_interval(backoff, delays):
    chosen = policy(backoff=backoff, initial_delay=2.0, max_interval=10.0)

    assert [chosen.delay(attempt, 0.0) for attempt in (1, 2, 3, 4)] == delays


def test_exponential_growth_never_overflows():
    assert policy(initial_delay=1.0, max_interval=300.0).delay(10**9, 0.0) == 300


@given(st.integers(1, 100), st.floats(0, 1, exclude_max=True))
def test_jitter_keeps_between_half_of_the_delay_and_all_of_it(attempt, chance):
    whole = policy(jitter=False).delay(attempt, chance)

    assert whole / 2 <= policy(jitter=True).delay(attempt, chance) <= whole


def test_an_attempt_follows_until_they_are_used_up():
    assert delay_of(policy(max_attempts=3), attempt=2) is not None
    assert delay_of(policy(max_attempts=3), attempt=3) is None
    assert delay_of(policy(max_attempts=3), attempt=7) is None


def test_a_fault_that_is_certain_to_come_back_is_not_tried_again():
    assert delay_of(policy(), Fault(code="result_error", message="")) is None


@pytest.mark.parametrize(
    ("retry_after", "delay"),
    [(None, 4), (0.0, 4), (-3.0, 4), (3.0, 4), (7.5, 7.5), (1e300, LONGEST_DELAY)],
)
def test_the_exceptions_retry_after_is_a_floor(retry_after, delay):
    fault = Fault(code="processing_error", message="", retry_after=retry_after)

    assert delay_of(policy(backoff="constant", initial_delay=4.0, max_interval=400.0), fault) == delay


@pytest.mark.parametrize(("chance", "delay"), [(0.0, 100.0), (0.5, 112.5), (0.999, 124.975)])
def test_those_that_are_told_the_same_do_not_come_back_all_at_once(chance, delay):
    fault = Fault(code="processing_error", message="", retry_after=100.0)

    assert next_attempt_delay(policy(jitter=True), fault, 1, NOW, NOW, chance) == pytest.approx(delay)
    assert next_attempt_delay(policy(jitter=False), fault, 1, NOW, NOW, chance) == 100.0


@pytest.mark.parametrize(("spent", "delay"), [(0, 4), (6, 4), (6.001, None), (1e9, None)])
def test_no_attempt_begins_after_the_longest_duration(spent, delay):
    assert delay_of(policy(initial_delay=4.0, max_duration=10.0), spent=spent) == delay


@pytest.mark.parametrize("arrived", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_no_arrival_is_too_far_away_to_reckon_with(arrived):
    chosen = policy(max_duration=10.0)

    assert next_attempt_delay(chosen, FAULT, 1, arrived, NOW, 0.0) in (None, 1)


def test_the_first_rule_that_names_the_fault_counts():
    resiliency = Resiliency(
        policies={name: policy(max_attempts=index) for index, name in enumerate(("default", "shop", "all"), 1)},
        rules=[
            Rule(errors=["ValueError"], policy="default"),
            Rule(errors=["KeyError", "ShopError"], policy="shop"),
            Rule(errors=["Exception"], policy="all"),
        ],
    )

    assert resiliency.policy_for(FAULT).max_attempts == 2
    assert resiliency.policy_for(Fault(code="processing_error", message="", mro=["Exception"])).max_attempts == 3
    assert resiliency.policy_for(Fault(code="crash_error", message="")).max_attempts == 1


def test_without_a_rule_or_a_default_there_is_one_attempt():
    assert Resiliency().policy_for(FAULT).max_attempts == 1


def test_settings_are_read_with_their_defaults():
    assert read_resiliency("{}") == Resiliency()
    assert read_resiliency('{"policies":{"default":{}}}').policies["default"] == Policy()
    assert (
        read_resiliency('{"policies":{"default":{"maxInterval":"168h"}}}').policies["default"].max_interval == 604_800
    )


def test_settings_are_read_by_the_names_of_the_values():
    written = {
        "policies": {
            "slow": {
                "maxAttempts": 3,
                "backoff": "linear",
                "initialDelay": "250ms",
                "maxInterval": 90,
                "maxDuration": "1h30m",
                "jitter": False,
                "thenRoute": ["apologise"],
            }
        },
        "rules": [{"errors": ["TimeoutError"], "policy": "slow"}],
        "maxDeliveries": 4,
        "unroutableAfter": "2m",
    }

    assert read_resiliency(json.dumps(written)) == Resiliency(
        policies={
            "slow": Policy(
                max_attempts=3,
                backoff="linear",
                initial_delay=Seconds(0.25),
                max_interval=Seconds(90),
                max_duration=Seconds(5400),
                jitter=False,
                then_route=["apologise"],
            )
        },
        rules=[Rule(errors=["TimeoutError"], policy="slow")],
        max_deliveries=4,
        unroutable_after=Seconds(120),
    )


@pytest.mark.parametrize(
    ("written", "sentences"),
    [
        ("", ['Input data was truncated; write JSON, such as {"maxDeliveries": 10}']),
        ("[]", ["Expected `object`, got `array`"]),
        ('{"retries":1}', ["Object contains unknown field `retries`"]),
        ('{"policies":{"a":{"tries":1}}}', ["Object contains unknown field `tries` - at `$.policies[...]`"]),
        (
            '{"policies":{"a":{"maxDuration":"soon"}}}',
            [
                (
                    "'soon' is no duration; write it like 30s, 1m30s, 250ms, or as a number of seconds"
                    " - at `$.policies[...].maxDuration`"
                )
            ],
        ),
        (
            (
                '{"policies":{"a":{"maxAttempts":0,"maxInterval":"200h","thenRoute":["ok","No","happy-end"]}},'
                '"rules":[{"errors":[],"policy":"b"}],"maxDeliveries":0}'
            ),
            [
                "rules[0].policy: no policy is called 'b'; known: a",
                "policies.a.maxAttempts: 0; the first attempt counts, so at least 1",
                "policies.a.maxInterval: 720000 s; at most 604800 s, a week",
                "policies.a.thenRoute[1]: 'No' can't be an actor's name (at most 63 lower-case letters, digits and -)",
                "policies.a.thenRoute[2]: 'happy-end' is reached by finishing the route, not by naming it; remove it",
                "maxDeliveries: 0; must be at least 1",
            ],
        ),
        (
            '{"policies":{"a":{"breaker":5},"b":{"breaker":-1}}}',
            [
                "policies.a.maxDuration: missing; with breaker attempts may cost nothing, and it ends them; set it: 1h",
                "policies.b.breaker: -1; messages that fail in a row, so at least 1, or 0 for none",
            ],
        ),
        ('{"rules":[{"errors":["E"],"policy":"b"}]}', ["rules[0].policy: no policy is called 'b'; known: none"]),
    ],
)
def test_mistakes_are_all_named_at_once(written, sentences):
    with pytest.raises(SettingsError) as caught:
        read_resiliency(written)

    assert caught.value.problems == [f"ASYA_RESILIENCY: {sentence}" for sentence in sentences]
    assert str(caught.value) == "; ".join(caught.value.problems)


_words = st.sampled_from(
    ["policies", "rules", "maxDeliveries", "unroutableAfter", "maxAttempts", "backoff", "initialDelay", "maxInterval",
     "maxDuration", "jitter", "breaker",
     "thenRoute", "errors", "policy", "default", "constant", "linear", "a", "5s", "9e307", ""]
)  # fmt: skip
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2**70) | st.floats(allow_nan=False, allow_infinity=False) | _words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_words, inner, max_size=4),
    max_leaves=12,
)
_policies = st.fixed_dictionaries(
    {},
    optional={
        "maxAttempts": st.integers(-1, 2**63 - 1) | _values,
        "backoff": st.sampled_from(["constant", "linear", "exponential"]) | _values,
        "initialDelay": st.floats(0, 1e308) | _values,
        "maxInterval": st.floats(0, LONGEST_DELAY) | _values,
        "maxDuration": st.none() | st.floats(0, 1e308) | _values,
        "jitter": st.booleans(),
    },
)
_texts = st.text(max_size=20) | st.builds(
    json.dumps, _values | st.builds(lambda one: {"policies": {"a": one}}, _policies)
)


@given(_texts, st.integers(1, 2**63 - 1), st.floats(0, 1, exclude_max=True))
def test_any_text_gives_rules_that_can_be_followed_or_is_refused(written, attempt, chance):
    read = outcome_of(written)
    if isinstance(read, list):
        assert all(problem.startswith("ASYA_RESILIENCY: ") for problem in read)
        return
    for chosen in (read.policy_for(FAULT), *read.policies.values()):
        delay = delay_of(chosen, attempt=attempt, chance=chance)
        assert delay is None or 0 <= delay <= LONGEST_DELAY


def outcome_of(written):
    try:
        return read_resiliency(written)
    except SettingsError as error:
        return error.problems
