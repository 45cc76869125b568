"""Messages that somebody has cancelled."""

import pytest

from asya_core.cancellation import HEADER, marker_key, marker_uri
from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.payload_store import LARGE, referring, store_failed
from images.sidecar.tests.scripted_runtime import echo


@pytest.fixture
def cancellable(store):
    return {HEADER: marker_uri(store.folder.as_uri(), "m1")}


def cancel(store, id_):
    path = store.folder / marker_key(id_)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"{}")


async def test_a_cancelled_message_ends_with_its_reason_and_is_not_run(folder, store, cancellable):
    cancel(store, "m1")
    async with working(folder, echo, **store.settings) as bench:
        await bench.send(envelope("m1", headers=cancellable))
        await bench.until_settled("m1")

        (record,) = bench.queued("error-end")
        assert record["payload"]["error"] == record["status"]["reason"] == "cancelled_error"
        assert record["payload"]["original_payload"] == envelope("m1")["payload"]
        assert bench.runtime.invoked == []


async def test_children_inherit_the_marker_of_their_parent(folder, store, cancellable):
    cancel(store, "m1")
    async with working(folder, echo, **store.settings) as bench:
        await bench.send(envelope("m1-0.1", parent_id="m1", headers=cancellable))
        await bench.until_settled("m1-0.1")

        (record,) = bench.queued("error-end")
        assert record["status"]["reason"] == "cancelled_error"


async def test_a_message_that_nobody_has_cancelled_runs_with_its_headers(folder, store, cancellable):
    cancel(store, "m2")
    async with working(folder, echo, **store.settings) as bench:
        await bench.send(envelope("m1", headers=cancellable))
        await bench.until_settled("m1")

        (result,) = bench.queued("b")
        assert result["headers"] == cancellable


async def test_a_message_without_the_header_costs_no_look_into_the_store(folder, store):
    async with working(folder, echo, **store.settings) as bench:
        with store.away():
            await bench.send(envelope("m1", headers={"x-asya-other": "1"}))
            await bench.until_settled("m1")

        assert len(bench.queued("b")) == 1


async def test_the_payload_of_a_cancelled_message_is_not_fetched(folder, store, cancellable):
    reference = store.put(LARGE)
    cancel(store, "m1")
    async with working(folder, echo, **store.settings) as bench:
        await bench.send(referring(reference, headers=cancellable))
        await bench.until_settled("m1")

        (record,) = bench.queued("error-end")
        assert record["status"]["reason"] == "cancelled_error"
        assert record["payload"]["original_payload_ref"] == reference
        assert bench.sample("asya_actor_claim_check_bytes_total", direction="fetched", queue="a") in (None, 0)


async def test_a_message_waits_while_the_store_can_not_say_whether_it_is_cancelled(folder, store, cancellable):
    async with working(folder, echo, **store.settings) as bench:
        with store.away():
            await bench.send(envelope("m1", headers=cancellable))
            await store_failed(bench, 2)
            assert bench.runtime.invoked == []
            assert bench.queued("error-end") == []
        await bench.until_settled("m1")

        assert len(bench.queued("b")) == 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("file:///etc/passwd", "the one place for such markers"),
        (7, "no address of a marker"),
        ("{store}/cancelled-asya/../payloads-asya/x.json", "the one place for such markers"),
    ],
)
async def test_a_marker_that_leads_elsewhere_is_refused(folder, store, value, words):
    value = value.format(store=store.folder.as_uri()) if isinstance(value, str) else value
    async with working(folder, echo, **store.settings) as bench:
        await bench.send(envelope("m1", headers={HEADER: value}))
        await bench.until_settled("m1")

        (record,) = bench.queued("error-end")
        assert record["status"]["reason"] == "claim_refused"
        assert words in record["payload"]["details"]["message"]


async def test_a_marker_is_refused_where_no_store_is_set(folder, cancellable):
    async with working(folder, echo) as bench:
        await bench.send(envelope("m1", headers=cancellable))
        await bench.until_settled("m1")

        (record,) = bench.queued("error-end")
        assert record["status"]["reason"] == "claim_refused"
        assert "set claimCheck.url" in record["payload"]["details"]["message"]
        assert bench.runtime.invoked == []
