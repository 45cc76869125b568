import json

from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.scripted_runtime import echo, failing, one_after_another, results, silence

DETAILS = {
    "type": "shop.OutOfStock", "mro": ["shop.ShopError", "Exception"], "traceback": "Traceback: line 3 in process",
}  # fmt: skip


def policy(rules=(), **fields):
    return json.dumps({"policies": {"default": {"jitter": False, **fields}}, "rules": list(rules)})


async def test_a_failure_becomes_an_error_record_with_everything_needed_to_try_again(folder):
    async with working(folder, failing(**DETAILS)) as bench:
        await bench.send(envelope("m1", {"n": 1}, parent_id="root", headers={"mine": 1}))
        (record,) = await bench.until_queued("error-end")
        await bench.until_settled("m1")

        assert record["payload"] == {
            "error": "processing_error",
            "details": {"message": "it failed", "type": "shop.OutOfStock", "traceback": "Traceback: line 3 in process"},
            "original_payload": {"n": 1},
        }
        assert (record["id"], record["parent_id"], record["headers"]) == ("m1", "root", {"mine": 1})
        assert record["route"] == {"actors": ["a", "b"], "current": 0}
        assert record["status"]["phase"] == "failed"
        assert record["status"]["reason"] == "processing_error"
        assert record["status"]["error"]["mro"] == ["shop.ShopError", "Exception"]
        assert bench.sample("asya_actor_messages_failed_total", queue="a", reason="processing_error") == 1
        assert bench.sample("asya_actor_runtime_errors_total", queue="a", error_type="processing_error") == 1
        assert bench.sample("asya_actor_messages_processed_total", queue="a", status="error") == 1


async def test_a_retry_is_a_new_message_that_the_broker_keeps_until_it_is_due(folder):
    async with working(folder, failing(**DETAILS), ASYA_RESILIENCY=policy(maxAttempts=3, initialDelay="1h")) as bench:
        await bench.send(envelope("m1", {"n": 1}))
        await bench.until_settled("m1")
        (again,) = bench.delayed("a")

        assert again["payload"] == {"n": 1}
        assert again["route"]["current"] == 0
        assert (again["status"]["attempt"], again["status"]["max_attempts"]) == (2, 3)
        assert again["status"]["phase"] == "retrying"
        assert again["status"]["reason"] == "processing_error"
        assert again["status"]["error"]["type"] == "shop.OutOfStock"
        assert bench.sample("asya_actor_messages_processed_total", queue="a", status="retried") == 1
        assert bench.sample("asya_actor_messages_sent_total", destination_queue="asya-a", message_type="retry") == 1


async def test_retries_go_on_until_one_succeeds_and_keep_the_time_of_arrival(folder):
    answer = one_after_another(failing(), failing(), results("at last"))
    async with working(
        folder, answer, ASYA_RESILIENCY=policy(maxAttempts=3, initialDelay="1ms", backoff="constant")
    ) as bench:
        await bench.send(envelope("m1", status={"actor_since": "2026-01-01T00:00:00Z"}))
        (passed_on,) = await bench.until_queued("b")

        assert passed_on["payload"] == "at last"
        assert passed_on["status"]["attempt"] == 1
        assert len(bench.ledger.all("settled")) == 2
        await bench.ledger.until(lambda: len(bench.ledger.all("settled")) == 3)


async def test_the_last_attempt_ends_in_an_error_record(folder):
    async with working(
        folder, failing(), ASYA_RESILIENCY=policy(maxAttempts=2, initialDelay="1ms", backoff="constant")
    ) as bench:
        await bench.send(envelope("m1"))
        (record,) = await bench.until_queued("error-end")

        assert len(bench.runtime.invoked) == 2
        assert (record["status"]["attempt"], record["status"]["max_attempts"]) == (2, 2)


async def test_retry_after_of_the_exception_is_a_floor(folder):
    async with working(
        folder, failing(retry_after=3600), ASYA_RESILIENCY=policy(maxAttempts=2, initialDelay="1ms")
    ) as bench:
        await bench.send(envelope("m1"))
        await bench.until_settled("m1")

        assert len(bench.delayed("a")) == 1


async def test_a_rule_names_errors_by_their_base(folder):
    rules = [{"errors": ["ShopError"], "policy": "patient"}]
    resiliency = json.dumps({"policies": {"patient": {"maxAttempts": 2, "initialDelay": "1h"}}, "rules": rules})
    async with working(folder, one_after_another(failing(**DETAILS), failing()), ASYA_RESILIENCY=resiliency) as bench:
        await bench.send(envelope("m1"), envelope("m2"))
        await bench.until_settled("m1", "m2")

        assert [message["id"] for message in bench.delayed("a")] == ["m1"]
        assert [message["id"] for message in bench.queued("error-end")] == ["m2"]


async def test_then_route_replaces_what_lies_ahead(folder):
    async with working(folder, failing(**DETAILS), ASYA_RESILIENCY=policy(thenRoute=["repair", "b"])) as bench:
        await bench.producer.ensure("asya-repair")
        await bench.send(envelope("m1", {"n": 1}))
        (passed_on,) = await bench.until_queued("repair")
        await bench.until_settled("m1")

        assert passed_on["route"] == {"actors": ["a", "repair", "b"], "current": 1}
        assert passed_on["payload"] == {"n": 1}
        assert passed_on["status"]["error"]["type"] == "shop.OutOfStock"
        assert bench.queued("error-end") == []


async def test_a_generator_that_fails_half_way_sends_the_id_only_to_error_end(folder):
    async with working(folder, failing(items=("zero", "one", "two"))) as bench:
        await bench.send(envelope("m1"))
        await bench.until_settled("m1")

        assert [message["id"] for message in bench.queued("b")] == ["m1-0.1", "m1-0.2"]
        assert [message["id"] for message in bench.queued("error-end")] == ["m1"]


async def test_the_record_of_a_failed_generator_waits_for_its_siblings(folder):
    async with working(folder, failing(items=("zero", "one"))) as bench:
        bench.transport.holds_confirmations = True
        await bench.send(envelope("m1"))
        await bench.ledger.until(lambda: len(bench.transport.held) == 1)
        assert bench.ledger.all("published") == [("asya-b", "m1-0.1")]

        bench.transport.confirm_held()
        await bench.ledger.until(lambda: len(bench.transport.held) == 1)
        assert bench.ledger.all("published")[-1] == ("asya-error-end", "m1")


async def test_a_result_that_is_no_json_is_that_messages_error(folder):
    def rubbish(runtime, invoked):
        runtime.send(3, invoked.request, b'1,"id":"forged"')
        runtime.end(invoked.request)

    async with working(folder, one_after_another(rubbish, echo)) as bench:
        await bench.send(envelope("m1"), envelope("m2"))
        await bench.until_settled("m1", "m2")

        assert [record["payload"]["error"] for record in bench.queued("error-end")] == ["result_error"]
        assert [message["id"] for message in bench.queued("b")] == ["m2"]


async def test_a_result_that_is_too_large_is_that_messages_error(folder):
    async with working(folder, results("x" * 5000), ASYA_MAX_BODY_BYTES="4096") as bench:
        await bench.send(envelope("m1", "small"))
        (record,) = await bench.until_queued("error-end")
        await bench.until_settled("m1")

        assert record["payload"]["error"] == "result_error"
        assert record["payload"]["original_payload"] == "small"


async def test_a_sibling_that_is_too_large_fails_the_message_and_child_0_never_goes_out(folder):
    async with working(folder, results("zero", "x" * 5000, "two"), ASYA_MAX_BODY_BYTES="4096") as bench:
        await bench.send(envelope("m1"))
        await bench.until_settled("m1")

        assert [message["id"] for message in bench.queued("b")] == []
        assert [message["id"] for message in bench.queued("error-end")] == ["m1"]


async def test_other_messages_go_on_while_one_fails(folder):
    async with working(folder, silence, {"concurrency": 3}) as bench:
        await bench.send(envelope("m1"), envelope("m2"), envelope("m3"))
        await bench.runtime.until_invoked(3)
        bench.runtime.error(2)
        await bench.until_settled("m2")
        bench.runtime.end(1)
        bench.runtime.end(3)
        await bench.until_settled("m1", "m3")
