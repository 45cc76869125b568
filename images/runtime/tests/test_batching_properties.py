"""What holds for every batch, whatever its handler returns."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from asya_runtime.errors import InvocationError
from asya_runtime.gathering import Gathering
from asya_runtime.handler import Handler

LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.builds(object)
ENTRIES = st.recursive(
    LEAVES | st.builds(ValueError, st.text()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def batch_of(entries, size):
    return Handler(lambda _batch: entries, "payload", batched=True).batch([None] * size)


def single(entry):
    """Return what a handler of single messages would come to that returned the entry, or raised it."""

    def handler(_payload):
        if isinstance(entry, Exception):
            raise entry
        return entry

    try:
        return [json.loads(item) for item in Handler(handler, "payload").invoke(b"1")]
    except InvocationError as error:
        return error.code


@given(st.lists(ENTRIES))
def test_each_message_comes_to_what_it_would_come_to_alone(entries):
    for entry, outcome in zip(entries, batch_of(entries, len(entries)), strict=True):
        failed = isinstance(outcome, InvocationError)
        assert (outcome.code if failed else [json.loads(item) for item in outcome]) == single(entry)


@given(st.lists(ENTRIES) | ENTRIES, st.integers(1, 5))
def test_there_is_one_outcome_for_each_message(result, size):
    assert len(batch_of(result, size)) == size


@given(st.integers(1, 5), st.lists(st.integers(0, 9)), st.data())
def test_every_job_is_in_one_batch_and_in_its_order(most, jobs, data):
    gathering, taken = Gathering(most, 1.0), []
    for job in jobs:
        gathering.add(job, 0.0)
        if data.draw(st.booleans()):
            taken.append(gathering.take())
    while len(gathering):
        taken.append(gathering.take())

    assert [job for batch in taken for job in batch] == jobs
    assert all(len(batch) <= most for batch in taken)
