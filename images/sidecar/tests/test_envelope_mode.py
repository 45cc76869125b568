import json

import pytest

from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.scripted_runtime import results, silence

MODE = {"mode": "envelope"}
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def edited(**changes):
    """What a good handler returns for `envelope()`, with some changes."""
    return {"id": "m1", "route": {"actors": ["a", "b"], "current": 1}, "payload": "new", **changes}


async def test_the_handler_gets_the_envelope_and_the_payload_beside_it(folder):
    message = envelope("m1", {"n": 1}, headers={"traceparent": TRACE}, colour="red")
    async with working(folder, silence, MODE) as bench:
        await bench.send(message)
        await bench.runtime.until_invoked(1)
        (invoked,) = bench.runtime.invoked

        assert json.loads(invoked.payload) == {"n": 1}
        assert {**invoked.meta, "payload": {"n": 1}} == message


async def test_the_handler_may_change_what_lies_ahead(folder):
    route = {"actors": ["a", "refine", "b"], "current": 1}
    async with working(folder, results(edited(route=route)), MODE) as bench:
        await bench.producer.ensure("asya-refine")
        await bench.send(envelope())
        (passed_on,) = await bench.until_queued("refine")

        assert passed_on["route"] == route
        assert passed_on["payload"] == "new"


async def test_several_envelopes_become_children(folder):
    async with working(folder, results(edited(payload=0), edited(payload=1)), MODE) as bench:
        await bench.send(envelope())
        await bench.until_settled("m1")

        assert [(child["id"], child["payload"]) for child in bench.queued("b")] == [("m1-0.1", 1), ("m1", 0)]


async def test_status_parent_and_own_headers_are_restored(folder):
    message = envelope(headers={"x-asya-next": "here", "mine": 1}, parent_id="root")
    message["status"] = {"generation": 3}
    returned = edited(
        headers={"x-asya-next": "elsewhere", "x-asya-new": 1, "mine": 2},
        parent_id="another", status={"generation": 9, "phase": "succeeded"},
    )  # fmt: skip
    async with working(folder, results(returned), MODE) as bench:
        await bench.send(message)
        (passed_on,) = await bench.until_queued("b")

        assert passed_on["headers"] == {"mine": 2, "x-asya-next": "here"}
        assert passed_on["parent_id"] == "root"
        assert passed_on["status"]["generation"] == 3


@pytest.mark.parametrize(
    ("returned", "rule"),
    [
        (edited(id="another"), "may not change the id"),
        (edited(route={"actors": ["a", "b"], "current": 0}), "advance route.current by exactly one"),
        (edited(route={"actors": ["a", "b"], "current": 2}), "advance route.current by exactly one"),
        (edited(route={"actors": ["x", "b"], "current": 1}), "may not change the steps already taken"),
        (edited(route={"actors": ["a", "error-end"], "current": 1}), "route.actors[1]"),
        (edited(route={"actors": ["a", "No Name"], "current": 1}), "route.actors[1]"),
        ({"payload": "no route"}, "no envelope"),
        ("text", "no envelope"),
    ],
)
async def test_a_broken_rule_is_named_in_the_error_record(folder, returned, rule):
    async with working(folder, results(returned), MODE) as bench:
        await bench.send(envelope(payload={"n": 1}))
        (record,) = await bench.until_queued("error-end")
        await bench.until_settled("m1")

        assert record["payload"]["error"] == "route_error"
        assert rule in record["payload"]["details"]["message"]
        assert record["payload"]["original_payload"] == {"n": 1}
        assert record["route"] == {"actors": ["a", "b"], "current": 0}
        assert bench.queued("b") == []


async def test_a_good_child_after_a_broken_one_is_not_published(folder):
    async with working(folder, results(edited(), edited(id="another"), edited()), MODE) as bench:
        await bench.send(envelope())
        await bench.until_settled("m1")

        assert bench.ledger.all("published") == [("asya-error-end", "m1")]


async def test_a_broken_rule_is_not_tried_again(folder):
    policy = '{"policies": {"default": {"maxAttempts": 5, "initialDelay": "1ms"}}}'
    async with working(folder, results(edited(id="another")), MODE, ASYA_RESILIENCY=policy) as bench:
        await bench.send(envelope())
        await bench.until_queued("error-end")

        assert len(bench.runtime.invoked) == 1
