import json

from asya_core.errors import MessageTooLargeError
from asya_runtime import frames
from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.scripted_runtime import echo, results, silence

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_a_result_goes_to_the_next_actor_and_the_input_is_settled(folder):
    async with working(folder, results({"n": 2})) as bench:
        await bench.send(envelope(payload={"n": 1}))
        (passed_on,) = await bench.until_queued("b")
        await bench.until_settled("m1")

        assert passed_on["payload"] == {"n": 2}
        assert passed_on["route"] == {"actors": ["a", "b"], "current": 1}
        assert (passed_on["status"]["phase"], passed_on["status"]["actor"]) == ("pending", "b")
        assert json.loads(bench.runtime.invoked[0].payload) == {"n": 1}
        assert bench.queued("a") == []


async def test_the_last_result_goes_to_happy_end(folder):
    async with working(folder, results("done")) as bench:
        await bench.send({"id": "m1", "route": {"actors": ["a"], "current": 0}, "payload": 1})
        (stored,) = await bench.until_queued("happy-end")

        assert stored["payload"] == "done"
        assert stored["route"] == {"actors": ["a"], "current": 1}
        assert stored["status"]["phase"] == "succeeded"


async def test_no_result_sends_the_input_to_happy_end_with_its_position_unchanged(folder):
    async with working(folder, results()) as bench:
        await bench.send(envelope(payload={"n": 1}))
        (stored,) = await bench.until_queued("happy-end")
        await bench.until_settled("m1")

        assert stored["payload"] == {"n": 1}
        assert stored["route"]["current"] == 0
        assert bench.queued("b") == []
        assert bench.sample("asya_actor_messages_processed_total", queue="a", status="empty_response") == 1


async def test_several_results_become_children_of_which_the_first_keeps_the_id(folder):
    async with working(folder, results("zero", "one", "two")) as bench:
        await bench.send(envelope("m1"))
        await bench.until_settled("m1")
        children = {child["id"]: child for child in bench.queued("b")}

        assert {id_: child["payload"] for id_, child in children.items()} == {
            "m1": "zero", "m1-0.1": "one", "m1-0.2": "two",
        }  # fmt: skip
        assert "parent_id" not in children["m1"]
        assert [children[id_]["parent_id"] for id_ in ("m1-0.1", "m1-0.2")] == ["m1", "m1"]


async def test_child_0_is_published_only_when_its_siblings_are_confirmed(folder):
    async with working(folder, results(0, 1, 2)) as bench:
        bench.transport.holds_confirmations = True
        await bench.send(envelope("m1"))
        await bench.ledger.until(lambda: len(bench.transport.held) == 2)
        assert bench.ledger.all("published") == [("asya-b", "m1-0.1"), ("asya-b", "m1-0.2")]

        bench.transport.confirm_held(1)
        assert ("asya-b", "m1") not in bench.ledger.all("published")

        bench.transport.confirm_held()
        await bench.ledger.until(lambda: len(bench.transport.held) == 1)
        assert bench.ledger.all("published")[-1] == ("asya-b", "m1")
        assert bench.ledger.all("settled") == []

        bench.transport.confirm_held()
        assert bench.ledger.lines[-2:] == [("settled", "m1"), ("confirmed", ("asya-b", "m1"))]


async def test_siblings_are_published_while_the_handler_still_runs(folder):
    async with working(folder, silence) as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        bench.runtime.item(1, "zero")
        bench.runtime.item(1, "one")
        await bench.until_queued("b")

        assert [child["id"] for child in bench.queued("b")] == ["m1-0.1"]
        bench.runtime.end(1)
        await bench.until_settled("m1")
        assert [child["id"] for child in bench.queued("b")] == ["m1-0.1", "m1"]


async def test_a_handler_is_told_to_stop_once_a_result_of_its_cannot_be_passed_on(folder):
    async with working(folder, silence, ASYA_PREFETCH="2") as bench:
        await bench.send(envelope("m1"), envelope("m2"))
        await bench.runtime.until_invoked(1)
        bench.runtime.item(1, "zero")
        bench.runtime.send(frames.ITEM, 1, b"no json")
        await bench.until_settled("m1")
        await bench.runtime.until_frame(frames.CANCEL)
        assert bench.runtime.ids == ["m1"]

        bench.runtime.item(1, "two")
        bench.runtime.error(1, "cancelled_error")
        await bench.runtime.until_invoked(2)
        bench.runtime.end(2)
        await bench.until_settled("m2")
        assert [record["payload"]["error"] for record in bench.queued("error-end")] == ["result_error"]
        assert bench.queued("b") == []


async def test_a_handler_is_told_to_stop_once_the_broker_refuses_a_sibling_of_its(folder):
    async with working(folder, silence) as bench:
        bench.transport.refuse = lambda _, body: MessageTooLargeError("no") if b"huge" in body else None
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        for value in ("zero", "one", "huge"):
            bench.runtime.item(1, value)
        await bench.runtime.until_frame(frames.CANCEL)
        await bench.until_settled("m1")

        assert [message["id"] for message in bench.queued("b")] == ["m1-0.1"]
        assert [record["payload"]["error"] for record in bench.queued("error-end")] == ["result_error"]


async def test_everything_that_is_not_ours_survives_the_hop(folder):
    message = envelope(
        "m1",
        {"n": 1.50},
        parent_id="root",
        headers={"traceparent": TRACE, "x-asya-next": {"at": [1, 2.0]}, "priority": 3},
        colour={"deep": [None, 1e2]},
    )
    message["route"]["metadata"] = {"job": 7}
    message["route"]["shape"] = "round"
    message["status"] = {"created_at": "2026-01-31T12:00:00Z", "generation": 2, "weather": "fair"}
    async with working(folder, echo) as bench:
        await bench.send(message)
        await bench.until_queued("b")
        body = bench.broker.queues["asya-b"].ready[0].body

        assert b'"payload":{"n": 1.5}' in body
        for kept in (
            b'"headers":{"traceparent":"%b","x-asya-next":{"at": [1, 2.0]},"priority":3}' % TRACE.encode(),
            b'"parent_id":"root"', b'"colour":{"deep": [null, 100.0]}', b'"metadata":{"job": 7}', b'"shape":"round"',
            b'"created_at":"2026-01-31T12:00:00Z"', b'"generation":2', b'"weather":"fair"',
        ):  # fmt: skip
            assert kept in body, kept
        assert bench.runtime.invoked[0].meta == {"id": "m1", "traceparent": TRACE}


async def test_a_payload_passes_through_byte_for_byte(folder):
    payload = '{ "number": 1.50, "big": 123456789012345678901234567890,\t"text": "\\u00e9 é \\/" }'
    body = '{"id":"m1","route":{"actors":["a","b"]},"payload":' + payload + "}"
    async with working(folder, echo) as bench:
        await bench.send(body.encode())
        await bench.until_queued("b")

        assert bench.runtime.invoked[0].payload == payload.encode()
        assert f'"payload":{payload}'.encode() in bench.broker.queues["asya-b"].ready[0].body


async def test_two_messages_with_one_id_at_different_attempts_are_two_messages(folder):
    async with working(folder, silence, {"concurrency": 2}) as bench:
        await bench.send(envelope("m1"), envelope("m1", status={"attempt": 2}))
        await bench.runtime.until_invoked(2)
        bench.runtime.end(1)
        bench.runtime.end(2)
        await bench.ledger.until(lambda: len(bench.ledger.all("settled")) == 2)


async def test_many_messages_each_come_out_once_in_any_order(folder):
    async with working(folder, echo, {"concurrency": 4}) as bench:
        await bench.send(*(envelope(f"m{number}", number) for number in range(200)))
        await bench.until_queued("b", 200)
        await bench.ledger.until(lambda: len(bench.ledger.all("settled")) == 200)

        assert sorted(message["payload"] for message in bench.queued("b")) == list(range(200))
        assert sorted(bench.ledger.all("settled")) == sorted(f"m{number}" for number in range(200))
        assert bench.ledger.all("released") == []
        assert not bench.actor.runs
