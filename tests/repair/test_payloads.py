"""Payloads that lie in a store of their own travel with what is redriven."""

import json

import pytest
from msgspec import Raw

from asya_cli.__main__ import run
from asya_cli.repair.error_store import ErrorStore
from asya_cli.repair.pace import Pace
from asya_cli.repair.payload_store import LARGE, payloads_of
from asya_cli.repair.place import Place
from asya_cli.repair.redriving import Redriving
from asya_cli.repair.selection import Selection
from asya_core.claim_check import read_reference
from asya_core.object_keys import claim_key
from asya_core.objects import open_store
from asya_core.redrive import How
from asya_core.stored_errors import edited
from tests.repair.making import NOW, keep_error, stored
from tests.repair.test_redriving import take_all, with_queue

pytestmark = pytest.mark.parametrize("store_url", ["file"], indirect=True)
PAYLOAD = json.dumps("x" * LARGE).encode()


@pytest.fixture
def payloads(tmp_path):
    (tmp_path / "claims").mkdir()
    return payloads_of(Place("here", claim_url=(tmp_path / "claims").as_uri()))


async def redrive(store, transport, prefix, payloads):
    steps = []
    errors = ErrorStore(store, "error-asya/")
    redriving = Redriving(errors, transport, lambda actor: prefix + actor, How(), Pace(None), payloads)
    await redriving.run(errors.read(Selection()), steps.append)
    return steps


def edit(store, payload):
    errors = ErrorStore(store, "error-asya/")
    (found,) = errors.read(Selection())
    assert errors.replace(found, edited(found.error, payload, NOW))


async def test_a_large_payload_that_was_edited_goes_by_reference(nats_settings, prefix, store, payloads):
    keep_error(store, "a", ["one"])
    edit(store, PAYLOAD)
    async with with_queue(nats_settings, f"{prefix}one") as transport:
        (step,) = await redrive(store, transport, prefix, payloads)
        (message,) = await take_all(transport, f"{prefix}one", 1)
    assert step.fate == "redriven"
    assert "payload" not in message
    assert payloads.read(Raw(json.dumps(message["payload_ref"]).encode())) == PAYLOAD


async def test_a_payload_that_is_gone_leaves_the_error_as_it_is(nats_settings, prefix, store, payloads, tmp_path):
    keep_error(store, "a", ["one"])
    edit(store, PAYLOAD)
    async with with_queue(nats_settings, f"{prefix}one") as transport:
        await redrive(store, transport, prefix, payloads)
        (message,) = await take_all(transport, f"{prefix}one", 1)
        reference = message["payload_ref"]
        keep_error(store, "b", ["one"], payload_ref=reference, payload=None)
        [path] = (tmp_path / "claims").rglob(read_reference(Raw(json.dumps(reference).encode())).sha256)
        path.unlink()
        (step,) = await redrive(store, transport, prefix, payloads)
    assert step.fate == "failed"
    assert "its payload is not in the store any more" in step.sentence
    assert [key.rpartition("/")[2] for key in stored(store)] == ["b.0.json"]


def test_a_dry_run_says_what_has_ended_since(store, store_url, tmp_path, capsys):
    keep_error(store, "a", ["one"])
    open_store(store_url).put(claim_key("a", 1), b"{}")
    code = run(["errors", "redrive", "a", "--dry-run", "-C", str(tmp_path), "--store", store_url])
    said = capsys.readouterr()
    assert (code, said.out) == (0, "a: it has ended since an earlier redrive; only its error would be removed\n")
    assert said.err == "0 would be redriven, 1 would be removed; nothing was done\n"
