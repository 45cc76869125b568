"""What comes from the queue and can't be run, or is odd and can."""

from __future__ import annotations

import base64
import json

import pytest
import pytest_asyncio

from tests.bad_input.bodies import BODIES, ENVELOPES, ROUTES, SIZE, TAKEN, envelope
from tests.bad_input.page import each, rows
from tests.bad_input.place import NEXT, message, open_place

pytestmark = pytest.mark.asyncio(loop_scope="module")
RULES = '{"unroutableAfter": "100ms", "maxDeliveries": 3}'


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(folder):
    environ = {"ASYA_MAX_BODY_BYTES": str(SIZE), "ASYA_RESILIENCY": RULES}
    async with open_place(folder, folder, **environ) as place:
        yield place


def original(record):
    """Return the message that a record holds, as bytes or as what its JSON means."""
    stored = record["payload"]["original_payload"]
    return base64.b64decode(stored["base64"]) if isinstance(stored, dict) and set(stored) == {"base64"} else stored


@each(BODIES | ENVELOPES)
async def test_what_is_no_envelope_is_stored_as_it_is_and_the_next_message_passes(place, row, case):
    ending = await place.put(case)
    record = ending.check_record(row)
    assert ending.outputs == []
    if record["id"].startswith("raw-"):
        assert original(record) in (case, as_json(case))
        assert record["route"] == {"actors": ["a"], "current": 0}
    else:
        assert (record["id"], record["payload"].get("original_payload", 1)) == (row.id, 1)
    await place.put_good()


def as_json(body):
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


@each(ROUTES)
async def test_what_must_not_run_here_is_stored_under_its_id_and_the_next_message_passes(place, row, case):
    ending = await place.put(case)
    record = ending.check_record(row)
    assert ending.outputs == []
    assert (record["id"], record["payload"]["original_payload"]) == (row.id, 1)
    await place.put_good()


@each({"body-too-large": message("body-too-large", "x" * SIZE), "body-too-large-and-no-json": b"x" * (SIZE + 1)})
async def test_what_is_too_large_is_stored_by_its_size_and_the_next_message_passes(place, row, case):
    ending = await place.put(case)
    record = ending.check_record(row)
    assert ending.outputs == []
    assert record["id"] == row.id or record["id"].startswith("raw-")
    assert record["payload"]["original_payload_omitted"]["bytes"] >= SIZE
    await place.put_good()


@rows("delivered-too-often")
async def test_what_came_too_often_is_not_run(place, row):
    place.actor.send_counted(envelope(row.id), 4)
    await place.wait_settled()
    ending = place.take()
    assert ending.check_record(row)["id"] == row.id
    assert ending.outputs == []
    await place.put_good()


@each(TAKEN)
async def test_what_is_odd_and_allowed_passes(place, row, case):
    body, expected = case
    ending = await place.put(body)
    (output,) = ending.outputs
    assert (ending.records, json.loads(output["id"])) == ([], row.id)
    assert output["payload"] == expected
    row.check(where=NEXT)
    await place.put_good()
