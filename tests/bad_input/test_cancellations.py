"""Messages that were cancelled, and headers that name no place where that could be seen."""

from __future__ import annotations

import pytest
import pytest_asyncio

from asya_core.cancellation import HEADER, marker_key, marker_uri
from tests.bad_input.bodies import changed
from tests.bad_input.page import each
from tests.bad_input.place import open_place

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(folder):
    store = folder / "store"
    marker = store / marker_key("root")
    marker.parent.mkdir(parents=True)
    marker.write_bytes(b"{}")
    async with open_place(folder, folder, ASYA_CLAIM_CHECK_URL=store.as_uri()) as place:
        yield place


CASES = {
    "cancelled": lambda url: marker_uri(url, "root"),
    "cancel-marker-elsewhere": lambda url: marker_uri(url, "root").replace("file://", "s3://bucket"),
    "cancel-marker-among-payloads": lambda url: marker_uri(url, "root").replace("cancelled-asya", "payloads-asya"),
    "cancel-marker-no-text": lambda _url: {"at": "once"},
}


@each(CASES)
async def test_what_is_cancelled_or_can_not_tell_is_stored_and_the_next_message_passes(place, folder, row, case):
    ending = await place.put(changed(row.id, headers={HEADER: case((folder / "store").as_uri())}))
    record = ending.check_record(row)
    assert ending.outputs == []
    assert record["id"] == row.id
    await place.put_good()
