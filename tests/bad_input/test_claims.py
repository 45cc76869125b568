"""References to payloads in a store that lead elsewhere, to other content, or to nothing."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import msgspec
import pytest
import pytest_asyncio

from asya_core.claim_check import Place as Store
from asya_core.claim_check import Reference
from tests.bad_input.bodies import ABSENT, changed
from tests.bad_input.page import each
from tests.bad_input.place import open_place

pytestmark = pytest.mark.asyncio(loop_scope="module")
SIZE = 65_536
GOOD = json.dumps("x" * 2000).encode()
DEEP = b"[" * 300 + b"]" * 300
LARGE = json.dumps("y" * SIZE).encode()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(folder):
    (folder / "payloads").mkdir()
    environ = {"ASYA_MAX_BODY_BYTES": str(SIZE), "ASYA_CLAIM_CHECK_URL": (folder / "payloads").as_uri()}
    async with open_place(folder, folder, **environ) as place:
        yield place


@pytest.fixture
def store(folder):
    return Store((folder / "payloads").as_uri(), "payloads-asya/")


def put(folder, store, body, found=None):
    """Let this, or something else, lie where a reference to `body` leads, and return the reference."""
    reference = store.refer(hashlib.sha256(body).hexdigest(), len(body), datetime.now(UTC))
    path = folder / "payloads" / store.key_of(reference)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body if found is None else found)
    return reference


def uri(change):
    return lambda folder, store: (good := put(folder, store, GOOD)) and replace_uri(good, change(good.uri))


def replace_uri(reference, changed_uri):
    return msgspec.structs.replace(reference, uri=changed_uri)


CASES = {
    "claim-no-reference": lambda folder, store: {"uri": put(folder, store, GOOD).uri},
    "claim-elsewhere": uri(lambda good: good.replace("file://", "s3://bucket")),
    "claim-to-results": uri(lambda good: good.replace("payloads-asya", "results")),
    "claim-with-dots": uri(lambda good: good.replace("payloads-asya", "payloads-asya/../payloads-asya")),
    "claim-escaped": uri(lambda good: good.replace("payloads-asya/", "payloads-asya%2F")),
    "claim-named-otherwise": lambda folder, store: msgspec.structs.replace(put(folder, store, GOOD), sha256="0" * 64),
    "claim-of-another-size": lambda folder, store: put(folder, store, GOOD, GOOD + b" "),
    "claim-content-changed": lambda folder, store: put(folder, store, GOOD, GOOD.replace(b"x", b"z")),
    "claim-missing": lambda _folder, store: store.refer("1" * 64, 5, datetime.now(UTC)),
    "claim-too-large": lambda folder, store: put(folder, store, LARGE),
    "claim-too-deep": lambda folder, store: put(folder, store, DEEP),
}


@each(CASES)
async def test_what_leads_to_no_payload_is_stored_with_its_reference_and_the_next_message_passes(
    place, folder, store, row, case
):
    reference = case(folder, store)
    if isinstance(reference, Reference):
        reference = msgspec.to_builtins(reference)
    ending = await place.put(changed(row.id, payload=ABSENT, payload_ref=reference))
    record = ending.check_record(row)
    assert ending.outputs == []
    assert (record["id"], record["payload"]["original_payload_ref"]) == (row.id, reference)
    await place.put_good()


async def test_a_good_reference_is_followed_and_kept(place, folder, store):
    reference = msgspec.to_builtins(put(folder, store, LARGE[:40_000] + b'"'))
    ending = await place.put(changed("good", payload=ABSENT, payload_ref=reference))
    (output,) = ending.outputs
    assert ending.records == []
    assert json.loads(output["payload"]) == "y" * 39_999
