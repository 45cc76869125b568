import dataclasses
import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.ledger import Evidence, Run, Stored, count_lost, draw_up, in_short
from tests.chaos.messages import make_messages

RUNS = st.builds(
    lambda seed, count: Run("nats", seed, make_messages(seed, count)), st.integers(0, 10**6), st.integers(8, 60)
)


def undisturbed(run):
    """Return what is found after a run in which nothing went wrong."""
    stored = [
        Stored(f"{name}-asya-plain_7" if name.startswith("raw-") else name, end.kind, end.steps)
        for message in run.messages
        for name, end in message.ends.items()
    ]
    executions = {message.id: message.executions for message in run.messages}
    return Evidence(stored, {each.id: each.kind for each in stored}, executions=executions)


@given(RUNS)
def test_a_run_in_which_nothing_went_wrong_balances(run):
    ledger, problems = draw_up(run, undisturbed(run))
    assert problems == []
    assert ledger.sent == len(run.messages)
    assert ledger.results + ledger.errors == sum(len(message.ends) for message in run.messages)
    assert (ledger.lost, ledger.queued, ledger.duplicate_results, ledger.re_executions) == (0, 0, 0, 0)


@given(RUNS, st.data())
def test_every_end_that_is_missing_is_found(run, data):
    evidence = undisturbed(run)
    gone = data.draw(st.sets(st.sampled_from(evidence.stored), min_size=1))
    left = [each for each in evidence.stored if each not in gone]
    ledger, problems = draw_up(run, dataclasses.replace(evidence, stored=left))
    assert sorted(problems) == sorted(f"{each.name} has no end" for each in gone)
    names = {each.name for each in gone}
    assert ledger.lost == sum(not names.isdisjoint(message.ends) for message in run.messages)


@given(RUNS, st.data())
def test_an_id_with_both_ends_is_found(run, data):
    evidence = undisturbed(run)
    twice = data.draw(st.sampled_from(evidence.stored))
    other = Stored(twice.id, "error" if twice.kind == "result" else "result", twice.steps)
    ledger, problems = draw_up(run, dataclasses.replace(evidence, stored=[*evidence.stored, other]))
    assert ledger.duplicate_results == 1
    assert ledger.lost == 0
    assert f"{twice.name} has more than one end" in problems


@given(RUNS, st.data())
def test_an_id_with_two_objects_of_one_end_is_found(run, data):
    evidence = undisturbed(run)
    twice = data.draw(st.sampled_from(evidence.stored))
    ledger, problems = draw_up(run, dataclasses.replace(evidence, stored=[*evidence.stored, twice]))
    assert ledger.duplicate_results == 1
    assert problems == [f"{twice.name} has more than one end"]


@given(RUNS, st.data())
def test_an_end_of_the_wrong_kind_is_found(run, data):
    evidence = undisturbed(run)
    wrong = data.draw(st.sampled_from(evidence.stored))
    kind = "error" if wrong.kind == "result" else "result"
    stored = [Stored(each.id, kind, each.steps) if each is wrong else each for each in evidence.stored]
    claims = {**evidence.claims, wrong.id: kind}
    _, problems = draw_up(run, dataclasses.replace(evidence, stored=stored, claims=claims))
    assert problems == [f"{wrong.id} was to end in a {wrong.kind}, and ended in a {kind}"]


@given(RUNS, st.integers(1, 200))
def test_what_may_still_be_queued_is_not_lost_and_yet_does_not_balance(run, queued):
    nothing = Evidence([], {}, queued=queued)
    ledger, problems = draw_up(run, nothing)
    assert ledger.lost == max(0, len(run.messages) - queued)
    assert f"{queued} messages are still queued" in problems


@pytest.fixture
def run():
    return Run("nats", 7, make_messages(7, 20))


@pytest.fixture
def evidence(run):
    return undisturbed(run)


def first(evidence, kind):
    return next(each for each in evidence.stored if each.kind == kind)


def test_a_result_that_missed_a_step_is_found(run, evidence):
    result = first(evidence, "result")
    stored = [dataclasses.replace(each, steps=("plain",)) if each is result else each for each in evidence.stored]
    _, problems = draw_up(run, dataclasses.replace(evidence, stored=stored))
    assert problems == [f"{result.id} was to go through {result.steps}, and went through ('plain',)"]


def test_an_end_that_nobody_sent_is_found(run, evidence):
    stored = [*evidence.stored, Stored("stranger", "result")]
    _, problems = draw_up(
        run, dataclasses.replace(evidence, stored=stored, claims={**evidence.claims, "stranger": "result"})
    )
    assert problems == ["stranger was never sent, and has ended in a result"]


def test_an_object_without_its_ends_claim_is_found(run, evidence):
    result, error = first(evidence, "result"), first(evidence, "error")
    claims = {**evidence.claims, error.id: "result"}
    del claims[result.id]
    _, problems = draw_up(run, dataclasses.replace(evidence, claims=claims))
    assert sorted(problems) == sorted(
        [
            f"{result.id} has a result, and its claim belongs to nobody",
            f"{error.id} has a error, and its claim belongs to result",
        ]
    )


def test_bytes_that_were_sent_twice_may_have_two_records_and_no_more(run, evidence):
    record = next(each for each in evidence.stored if each.id.startswith("raw-"))
    sent = next(message.id for message in run.messages if record.name in message.ends)
    other = Stored(f"{record.name}-asya-plain_9", "error")
    twice = dataclasses.replace(
        evidence, stored=[*evidence.stored, other], claims={**evidence.claims, other.id: "error"}, copies={sent: 2}
    )
    assert draw_up(run, twice)[1] == []
    thrice = dataclasses.replace(twice, stored=[*twice.stored, other])
    assert draw_up(run, thrice)[1] == [f"{record.name} has more than one end"]


def test_a_message_that_was_sent_twice_has_one_end_all_the_same(run, evidence):
    result = first(evidence, "result")
    twice = dataclasses.replace(evidence, stored=[*evidence.stored, result], copies=Counter({result.id: 2}))
    assert draw_up(run, twice)[0].duplicate_results == 1


def test_handlers_that_ran_again_are_counted_and_are_no_fault(run, evidence):
    executions = {name: count + 2 for name, count in evidence.executions.items()}
    ledger, problems = draw_up(run, dataclasses.replace(evidence, executions=executions, dropped=3))
    assert (ledger.re_executions, ledger.zombie_publishes, problems) == (2 * len(run.messages), 3, [])


def test_a_message_counts_as_lost_once_even_if_all_its_children_are(run):
    fan = next(message for message in run.messages if len(message.ends) == 3)
    assert count_lost([fan], [], queued=0) == 1
    assert count_lost([fan], list(fan.ends)[:2], queued=0) == 1
    assert count_lost([fan], [], queued=1) == 0
    assert count_lost([fan], fan.ends, queued=0) == 0


def test_the_account_is_one_line_of_json(run, evidence):
    line = draw_up(run, evidence)[0].json()
    assert list(json.loads(line)) == [
        "transport", "seed", "sent", "results", "errors", "queued", "lost", "duplicate_results", "re_executions",
        "zombie_publishes",
    ]  # fmt: skip
    assert "\n" not in line


def test_of_very_many_problems_the_first_are_named():
    assert in_short(["a", "b"]) == ["a", "b"]
    assert in_short([str(number) for number in range(30)])[-2:] == ["19", "and 10 more"]
