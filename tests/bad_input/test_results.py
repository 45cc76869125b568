"""Handlers that return, raise or do what they should not, in real runtimes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import pytest_asyncio

from tests.bad_input.page import each, rows
from tests.bad_input.place import NEXT, message, open_place

pytestmark = pytest.mark.asyncio(loop_scope="module")
HANDLERS = Path(__file__).parent / "handlers"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(folder):
    environ = {"ASYA_HANDLER": "results.process"}
    async with open_place(folder / "payload", HANDLERS, **environ) as place:
        yield place


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def envelope_place(folder):
    environ = {"ASYA_HANDLER": "results.process_envelope", "ASYA_HANDLER_MODE": "envelope"}
    async with open_place(folder / "envelope", HANDLERS, **environ) as place:
        yield place


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hasty_place(folder):
    environ = {"ASYA_HANDLER": "results.process", "ASYA_RUNTIME_TIMEOUT": "500ms"}
    async with open_place(folder / "hasty", HANDLERS, **environ) as place:
        yield place


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def batch_place(folder):
    environ = {"ASYA_HANDLER": "results.process_batch", "ASYA_BATCH_MAX_SIZE": "4"}
    async with open_place(folder / "batch", HANDLERS, **environ) as place:
        yield place


@rows(
    "result-nan", "result-infinity", "result-infinite-decimal", "result-open-file", "result-object", "result-class",
    "result-function", "result-circular", "result-key-of-another-type", "result-key-nan",
    "result-half-a-surrogate-pair", "result-bad-bytes-of-text", "result-too-deep", "result-deeper-than-the-stack",
    "result-too-large", "result-too-large-in-its-envelope", "result-list-with-a-bad-entry",
    "result-number-beyond-text", "result-coroutine",
    "handler-raises", "handler-raises-what-has-no-text", "handler-raises-half-a-surrogate-pair",
    "handler-raises-very-much-text", "handler-leaves", "handler-interrupts", "handler-raises-stop-iteration",
    "handler-recurses-for-ever", "handler-runs-out-of-memory", "handler-ends-its-process", "handler-is-killed",
)  # fmt: skip
async def test_a_failure_is_recorded_with_the_message_and_the_next_one_passes(place, row):
    ending = await place.put(message(row.id, row.id))
    record = ending.check_record(row)
    assert ending.outputs == []
    assert (record["id"], record["payload"]["original_payload"]) == (row.id, row.id)
    await place.put_good()


@rows(
    "batch-too-few-entries", "batch-too-many-entries", "batch-no-list", "batch-none", "batch-entry-not-json",
    "batch-entry-exception", "batch-raises",
)  # fmt: skip
async def test_a_failure_of_a_batch_is_recorded_with_the_message_and_the_next_one_passes(batch_place, row):
    ending = await batch_place.put(message(row.id, row.id))
    record = ending.check_record(row)
    assert ending.outputs == []
    assert (record["id"], record["payload"]["original_payload"]) == (row.id, row.id)
    await batch_place.put_good()


@rows("generator-raises-midway", "generator-yields-nan")
async def test_what_a_generator_yielded_before_it_failed_stays_sent(place, row):
    ending = await place.put(message(row.id, row.id))
    record = ending.check_record(row)
    assert record["id"] == row.id
    assert [(json.loads(each["id"]), each["payload"]) for each in ending.outputs] == [(f"{row.id}-0.1", b'"second"')]
    await place.put_good()


@rows("handler-never-returns")
async def test_a_handler_that_never_returns_is_ended_and_the_next_message_passes(hasty_place, row):
    ending = await hasty_place.put(message(row.id, row.id))
    ending.check_record(row)
    assert ending.outputs == []
    await hasty_place.put_good()


PASSED = {
    "result-set": b'{"tags":["a","b"]}',
    "result-bytes": b'"AP8="',
    "result-huge-whole-number": b"1" + b"0" * 400,
    "result-keys-of-simple-types": b'{"1":"one","null":"none","2.5":"more","false":"false"}',
    "result-none": b'"result-none"',
    "result-empty-list": b'"result-empty-list"',
    "result-ten-megabytes": b'{"much":"' + b"x" * 10_000_000 + b'"}',
}


@each(PASSED)
async def test_what_looks_odd_and_is_not_passes(place, row, case):
    ending = await place.put(message(row.id, row.id))
    (output,) = ending.outputs
    assert (ending.records, json.loads(output["id"])) == ([], row.id)
    assert output["payload"] == case
    row.check(where=NEXT)
    await place.put_good()


@rows("result-thousand-children")
async def test_a_thousand_children_all_arrive(place, row):
    ending = await place.put(message(row.id, row.id))
    assert ending.records == []
    assert {json.loads(each["payload"]) for each in ending.outputs} == set(range(1000))
    assert {json.loads(each["id"]) for each in ending.outputs} == {row.id} | {f"{row.id}-0.{n}" for n in range(1, 1000)}
    row.check(where=NEXT)
    await place.put_good()


@rows(
    "envelope-position-kept", "envelope-position-too-far", "envelope-position-no-number", "envelope-past-changed",
    "envelope-names-an-end", "envelope-names-no-actor", "envelope-id-changed", "envelope-without-payload",
    "envelope-without-route", "envelope-headers-no-map", "envelope-is-a-payload", "envelope-is-a-text",
)  # fmt: skip
async def test_an_envelope_that_breaks_a_rule_is_recorded_and_the_next_message_passes(envelope_place, row):
    ending = await envelope_place.put(message(row.id, row.id))
    record = ending.check_record(row)
    assert ending.outputs == []
    assert (record["id"], record["payload"]["original_payload"]) == (row.id, row.id)
    assert record["route"] == {"actors": ["a", "b"], "current": 0}
    await envelope_place.put_good()


@rows("envelope-status-forged")
async def test_what_is_not_the_handlers_to_write_is_restored(envelope_place, row):
    ending = await envelope_place.put(message(row.id, row.id))
    (output,) = ending.outputs
    assert (ending.records, json.loads(output["status"])["attempt"], "parent_id" in output) == ([], 1, False)
    row.check(where=NEXT)
    await envelope_place.put_good()
