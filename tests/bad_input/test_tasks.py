"""Async handlers that do what they should not, in a real runtime."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import pytest_asyncio

from tests.bad_input.page import rows
from tests.bad_input.place import NEXT, message, open_place

pytestmark = pytest.mark.asyncio(loop_scope="module")
HANDLERS = Path(__file__).parent / "handlers"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(folder):
    environ = {"ASYA_HANDLER": "tasks.process", "ASYA_CONCURRENCY": "4", "ASYA_RUNTIME_TIMEOUT": "2s"}
    async with open_place(folder, HANDLERS, **environ) as place:
        yield place


@rows(
    "task-raises-cancelled", "task-cancels-itself", "task-leaves", "task-interrupts", "task-closes-the-loop",
    "task-runs-a-loop", "task-stops-the-loop", "task-never-ends",
)  # fmt: skip
async def test_a_failure_is_recorded_and_the_next_message_passes(place, row):
    ending = await place.put(message(row.id, row.id))
    assert ending.check_record(row)["id"] == row.id
    assert ending.outputs == []
    await place.put_good()


@rows("task-yields-and-raises")
async def test_what_an_async_generator_yielded_before_it_failed_stays_sent(place, row):
    ending = await place.put(message(row.id, row.id))
    assert ending.check_record(row)["id"] == row.id
    assert [(json.loads(each["id"]), each["payload"]) for each in ending.outputs] == [(f"{row.id}-0.1", b'"second"')]
    await place.put_good()


@rows("task-leaves-another-behind")
async def test_what_does_not_concern_the_message_changes_nothing(place, row):
    ending = await place.put(message(row.id, row.id))
    assert [(json.loads(each["id"]), each["payload"]) for each in ending.outputs] == [(row.id, b'{"left":true}')]
    assert ending.records == []
    row.check(where=NEXT)
    await place.put_good()
