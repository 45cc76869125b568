"""Large payloads go to the store and come from it; what may go wrong on the way loses nothing."""

import json
from datetime import UTC, datetime

import pytest

from asya_core.errors import MessageTooLargeError
from asya_sidecar import fetching
from asya_sidecar.states import State
from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.payload_store import LARGE, LARGER, referring, store_failed
from images.sidecar.tests.scripted_runtime import echo, failing, one_after_another, results, silence, write_running

MODE = {"mode": "envelope"}


pytestmark = pytest.mark.usefixtures("store_asked_often")


async def test_a_large_result_is_stored_before_the_message_that_refers_to_it_is_published(folder, store):
    async with working(folder, results(LARGE), **store.settings) as bench:
        there = []
        bench.transport.refuse = lambda _queue, _body: there.append(len(store.objects))
        await bench.send(envelope("m1"))
        await bench.until_settled("m1")

        (sent,) = bench.queued("b")
        assert there == [1]
        assert "payload" not in sent
        assert store.content(sent["payload_ref"]) == LARGE
        assert bench.sample("asya_actor_claim_check_bytes_total", direction="stored") == len(LARGE) + 2
        assert bench.publisher.unconfirmed == bench.publisher._bytes == 0


@pytest.mark.parametrize(("size", "stored"), [(998, 0), (999, 1)])
async def test_only_what_is_above_the_threshold_is_stored(folder, store, size, stored):
    async with working(folder, results("x" * size), **store.settings) as bench:
        await bench.send(envelope("m1"))
        await bench.until_settled("m1")

        assert len(store.objects) == stored
        assert ("payload_ref" in bench.queued("b")[0]) is bool(stored)


async def test_the_handler_is_given_the_payload_and_what_it_leaves_unchanged_keeps_its_reference(folder, store):
    reference = store.put(LARGE)
    async with working(folder, echo, **store.settings) as bench:
        await bench.send(referring(reference))
        await bench.until_settled("m1")

        (invoked,) = bench.runtime.invoked
        assert json.loads(invoked.payload) == LARGE
        assert bench.queued("b")[0]["payload_ref"] == reference
        assert len(store.objects) == 1
        assert bench.sample("asya_actor_claim_check_payloads_total", direction="fetched") == 1
        assert bench.sample("asya_actor_claim_check_payloads_total", direction="kept") == 1
        assert bench.sample("asya_actor_claim_check_payloads_total", direction="stored") == 0


async def test_each_distinct_child_is_stored_once(folder, store):
    children = [f"{number % 5}" * 2000 for number in range(20)]
    async with working(folder, results(*children), **store.settings) as bench:
        await bench.send(envelope("m1"))
        await bench.until_settled("m1")

        assert len(store.objects) == 5
        found = {sent["id"]: store.content(sent["payload_ref"]) for sent in bench.queued("b")}
        assert found == {"m1" if number == 0 else f"m1-0.{number}": each for number, each in enumerate(children)}
        assert bench.sample("asya_actor_claim_check_payloads_total", direction="stored") == 5
        assert bench.sample("asya_actor_claim_check_payloads_total", direction="kept") == 15


async def test_while_the_store_is_away_outputs_are_held_and_nothing_is_settled(folder, store):
    async with working(folder, results(LARGE, LARGER), **store.settings) as bench:
        with store.away():
            await bench.send(envelope("m1"))
            await bench.runtime.until_invoked(1)
            await store_failed(bench, 3)
            assert bench.sample("asya_actor_held_outputs") == 1
            assert bench.ledger.all("settled") == bench.ledger.all("published") == []
        await bench.until_settled("m1")

        assert [store.content(sent["payload_ref"]) for sent in bench.queued("b")] == [LARGER, LARGE]
        assert bench.sample("asya_actor_held_outputs") == 0


async def test_while_the_store_is_away_payloads_are_waited_for_and_small_messages_pass(folder, store):
    reference = store.put(LARGE)
    async with working(folder, echo, **store.settings) as bench:
        with store.away():
            await bench.send(referring(reference, "big"), envelope("small", 1))
            await store_failed(bench, 3)
            await bench.until_settled("small")
            assert bench.runtime.ids == ["small"]
        await bench.until_settled("big")

        (_, sent) = bench.queued("b")
        assert sent["payload_ref"] == reference
        assert sent["status"]["attempt"] == 1


async def test_a_message_that_waits_for_its_payload_is_given_back_by_a_drain(folder, store):
    reference = store.put(LARGE)
    async with working(folder, echo, **store.settings) as bench:
        with store.away():
            await bench.send(referring(reference))
            await store_failed(bench, 2)
            bench.actor.drain()
            await bench.consumer.stop()
            assert bench.actor.release_waiting() == 1
        assert bench.ledger.all("released") == ["m1"]
        assert bench.actor.idle.is_set()
        assert bench.runtime.invoked == []


async def test_a_message_whose_time_is_up_while_the_store_is_away_is_refused(folder, store):
    reference = store.put(LARGE)
    soon = datetime.fromtimestamp(datetime.now(UTC).timestamp() + 0.3, UTC).isoformat()
    async with working(folder, echo, **store.settings) as bench:
        with store.away():
            await bench.send(referring(reference, status={"deadline_at": soon}))
            (record,) = await bench.until_queued("error-end")
        assert record["payload"]["error"] == "deadline_exceeded"
        assert record["payload"]["original_payload_ref"] == reference


async def test_what_can_not_be_stored_before_the_lease_ends_is_kept_until_the_message_comes_again(folder, store):
    async with working(folder, results(LARGE), **store.settings) as bench:
        keep = bench.actor.fenced.keep

        def noted_keep(*args):
            bench.ledger.note("kept", "m1")
            return keep(*args)

        bench.actor.fenced.keep = noted_keep
        with store.away():
            await bench.send(envelope("m1"))
            await store_failed(bench, 1)
            (run,) = bench.actor.runs.values()
            run.delivery().lease_until = 0.0
            await bench.ledger.until(lambda: bool(bench.ledger.all("kept")))
            assert run.state is State.FENCED
            assert bench.publisher.unconfirmed == 0
        bench.consumer.resize(10)
        await bench.send(envelope("m1"))
        await bench.until_settled("m1")

        assert bench.runtime.ids == ["m1"]
        assert store.content(bench.queued("b")[0]["payload_ref"]) == LARGE


async def test_a_retry_and_the_error_after_it_keep_the_reference(folder, store):
    reference = store.put(LARGE)
    policy = json.dumps({
        "policies": {"twice": {"maxAttempts": 2, "initialDelay": "0s"}},
        "rules": [{"errors": ["processing_error"], "policy": "twice"}],
    })  # fmt: skip
    async with working(folder, failing(), ASYA_RESILIENCY=policy, **store.settings) as bench:
        await bench.send(referring(reference))
        (record,) = await bench.until_queued("error-end")

        assert [json.loads(invoked.payload) for invoked in bench.runtime.invoked] == [LARGE, LARGE]
        assert record["payload"]["original_payload_ref"] == reference
        assert "original_payload" not in record["payload"]
        assert len(store.objects) == 1


async def test_an_error_record_refers_to_a_large_payload_that_came_inside(folder, store):
    async with working(folder, failing(), **store.settings) as bench:
        await bench.send(envelope("m1", LARGE))
        await bench.until_settled("m1")

        (record,) = bench.queued("error-end")
        assert store.content(record["payload"]["original_payload_ref"]) == LARGE
        assert "original_payload" not in record["payload"]


async def test_what_is_too_large_to_be_read_is_kept_in_the_store(folder, store):
    async with working(folder, echo, ASYA_MAX_BODY_BYTES="4096", **store.settings) as bench:
        await bench.send(envelope("m1", "z" * 5000), b"{" + b"z" * 5000)
        named, raw = sorted(await bench.until_queued("error-end", 2), key=lambda record: record["id"])

        assert store.content(named["payload"]["original_payload_ref"]) == "z" * 5000
        assert "base64" in store.content(raw["payload"]["original_payload_ref"])
        assert all(record["payload"]["error"] == "msg_parsing_error" for record in (named, raw))


async def test_what_a_broker_finds_too_large_goes_to_the_store_though_it_is_below_the_threshold(folder, store):
    settings = {**store.settings, "ASYA_CLAIM_CHECK_THRESHOLD": "1000000"}
    async with working(folder, one_after_another(results(LARGE), failing()), **settings) as bench:
        bench.transport.refuse = lambda _queue, body: MessageTooLargeError("too large") if len(body) > 1500 else None
        await bench.send(envelope("m1"), envelope("m2", LARGER))
        await bench.until_settled("m1", "m2")

        assert store.content(bench.queued("b")[0]["payload_ref"]) == LARGE
        assert store.content(bench.queued("error-end")[0]["payload"]["original_payload_ref"]) == LARGER


async def test_a_handler_in_envelope_mode_sees_the_payload_and_no_reference(folder, store):
    reference = store.put(LARGE)
    async with working(folder, results(), MODE, **store.settings) as bench:
        await bench.send(referring(reference))
        await bench.until_settled("m1")

        (invoked,) = bench.runtime.invoked
        assert "payload_ref" not in invoked.meta
        assert json.loads(invoked.payload) == LARGE
        assert bench.queued("happy-end")[0]["payload_ref"] == reference


async def test_an_end_is_given_the_payload_so_that_it_stores_it_whole(folder, store):
    reference = store.put(LARGE)
    async with working(folder, one_after_another(failing(), echo), MODE, actor="happy-end", **store.settings) as bench:
        await bench.send(referring(reference))
        await bench.until_settled("m1")

        assert [json.loads(invoked.payload) for invoked in bench.runtime.invoked] == [LARGE, LARGE]
        assert all("payload_ref" not in invoked.meta for invoked in bench.runtime.invoked)


@pytest.mark.parametrize("why", ["missing", "no store", "too large"])
async def test_an_end_keeps_a_message_with_its_reference_where_the_payload_can_not_be_had(folder, store, why):
    reference = store.put(LARGE)
    settings = {} if why == "no store" else store.settings
    if why == "too large":
        settings = {**settings, "ASYA_MAX_BODY_BYTES": "2100"}
    if why == "missing":
        store.objects[0].unlink()
    async with working(folder, echo, MODE, actor="happy-end", **settings) as bench:
        await bench.send(referring(reference))
        await bench.until_settled("m1")

        (invoked,) = bench.runtime.invoked
        assert invoked.meta["payload_ref"] == reference
        assert invoked.payload == b"null"


async def test_payloads_in_hand_are_bounded_and_all_are_fetched_in_the_end(folder, store, monkeypatch):
    monkeypatch.setattr(fetching, "MANY_BYTES", 1)
    references = [store.put(f"{number}" * 2000) for number in range(6)]
    hello = {"concurrency": 6}
    async with working(folder, silence, hello, **store.settings) as bench:
        await bench.send(*(referring(each, f"m{number}") for number, each in enumerate(references)))
        await bench.runtime.until_invoked(1)
        for count in range(1, 7):
            await bench.runtime.until_invoked(count)
            assert len(bench.ledger.all("fetched")) == count
            bench.runtime.end(count)
        await bench.until_settled(*(f"m{number}" for number in range(6)))


async def test_a_worker_that_dies_does_not_make_the_payload_be_fetched_again(folder, store):
    reference = store.put(LARGE)
    write_running(folder, {}, slots=1)
    async with working(folder, one_after_another(silence, echo), **store.settings) as bench:
        await bench.send(referring(reference))
        await bench.runtime.until_invoked(1)
        bench.runtime.worker_ends({}, reason="crash")
        await bench.until_settled("m1")

        assert len(bench.ledger.all("fetched")) == 1
        assert bench.queued("b")[0]["payload_ref"] == reference


async def test_a_payload_of_days_ago_is_stored_under_today(folder, store):
    reference = store.put(LARGE)
    old = {**reference, "uri": reference["uri"].replace(f"{datetime.now(UTC).date()}", "2020-01-01")}
    path = store.folder / old["uri"].removeprefix(store.folder.as_uri() + "/")
    path.parent.mkdir()
    store.objects[0].rename(path)
    async with working(folder, echo, **store.settings) as bench:
        await bench.send(referring(old))
        await bench.until_settled("m1")

        assert bench.queued("b")[0]["payload_ref"] == reference
        assert len(store.objects) == 2


async def test_a_sidecar_that_ends_between_upload_and_publish_leaves_only_an_object(folder, store):
    async with working(folder, results(LARGE), **store.settings) as bench:
        publish = bench.transport.publish
        bench.transport.publish = lambda queue, _body, _confirmed, **_: bench.ledger.note("reached", queue)
        await bench.send(envelope("m1"))
        await bench.ledger.until(lambda: bool(bench.ledger.all("reached")))
        assert len(store.objects) == 1
        assert bench.queued("b") == bench.ledger.all("settled") == []

        bench.transport.publish = publish
        bench.actor.release_all()  # the broker does as much for a sidecar that is dead
        await bench.until_settled("m1")
        assert bench.runtime.ids == ["m1", "m1"]
        assert [store.content(sent["payload_ref"]) for sent in bench.queued("b")] == [LARGE]
        assert len(store.objects) == 1
