import pytest

AHEAD = ["judge", "echo", "maker"]


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (["judge", "echo", "echo"], ["judge", "echo", "echo"]),
        (["judge"], ["judge"]),
        (["judge", "gate", "echo"], ["judge", "gate", "echo"]),
    ],
    ids=["replaced and added", "removed", "another"],
)
async def test_a_handler_may_change_what_lies_ahead(flow, ahead, expected):
    payload = {"changes": {"route.actors": ahead}, "name": "ahead"}
    stored = await flow.result(await flow.send(["judge", "maker"], payload))
    assert stored["route"] == {"actors": expected, "current": len(expected)}


async def test_what_is_not_the_handlers_to_write_is_restored(flow):
    changes = {
        "payload": "new",
        "parent_id": "stranger",
        "status.phase": "succeeded",
        "status.created_at": "1999-01-01T00:00:00Z",
        "headers.x-asya-mine": "forged",
        "headers.x-tenant": "b",
        "headers.traceparent": None,
        "future": 2,
    }
    members = {
        "headers": {"x-asya-mine": "true", "x-tenant": "a", "traceparent": "t", "kept": 1},
        "status": {"created_at": "2026-01-31T12:00:00Z"},
        "future": 1,
    }
    id_ = await flow.send(["judge"], {"changes": changes}, **members)
    end = await flow.pipeline.results.wait(id_, 40, created_at="2026-01-31T12:00:00Z")
    stored = end.envelope
    assert stored["headers"] == {"x-asya-mine": "true", "x-tenant": "b", "kept": 1}
    assert (stored["payload"], stored["future"], "parent_id" in stored) == ("new", 2, False)
    assert stored["status"]["created_at"] == "2026-01-31T12:00:00Z"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": "another"}, "may not change the id"),
        ({"route.current": 0}, "must advance route.current by exactly one, from 0 to 1; it returned 0"),
        ({"route.current": 2}, "must advance route.current by exactly one, from 0 to 1; it returned 2"),
        ({"route.actors": ["echo", "maker"]}, "may not change the steps already taken"),
        ({"route.actors": ["judge", "happy-end"]}, "'happy-end' is reached by finishing the route"),
        ({"route.actors": ["judge", "No Name"]}, "can't be an actor's name"),
        ({"payload": None}, "must return the envelope with its payload"),
        ({"route": None}, "no envelope"),
    ],
    ids=["id", "not advanced", "too far", "the past", "an end", "no name", "payload", "route"],
)
async def test_a_handler_that_breaks_a_rule_hears_which(flow, changes, words):
    payload = {"changes": changes}
    stored = await flow.error(await flow.send(AHEAD, payload))
    assert stored["payload"]["error"] == stored["status"]["reason"] == "route_error"
    assert words in stored["payload"]["details"]["message"]
    assert stored["payload"]["original_payload"] == payload
    assert stored["route"] == {"actors": AHEAD, "current": 0}


async def test_a_message_at_the_wrong_actor_is_not_run(flow):
    payload = {"name": "stray", "times": 0}
    stored = await flow.error(await flow.send(["echo"], payload, to="flaky"))
    assert stored["payload"]["error"] == "route_mismatch"
    assert "came to 'flaky', but its route is at 'echo'" in stored["payload"]["details"]["message"]
    assert flow.pipeline.executions("flaky", "stray") == []


async def test_an_output_whose_queue_never_appears_ends_in_an_error_that_can_be_sent_on(flow):
    stored = await flow.error(await flow.send(["echo", "nowhere", "echo"], {"n": 1}))
    assert stored["payload"]["error"] == "unroutable"
    assert "nowhere" in stored["payload"]["details"]["message"]
    assert stored["route"] == {"actors": ["echo", "nowhere", "echo"], "current": 1}
    assert stored["payload"]["original_payload"] == {"n": 1}


async def test_an_output_whose_queue_appears_in_time_is_delivered_and_keeps_nobody_waiting(flow):
    id_ = await flow.send(["echo", "newcomer"], {"n": 2})
    ready = await flow.outlet("ready")
    await flow.send(["echo", "ready"], {"n": 3})
    await ready.take()
    assert flow.pipeline.results.find(id_) is None
    newcomer = await flow.outlet("newcomer")
    assert id_.encode() in await newcomer.take()
    await flow.empty("echo")
    assert flow.pipeline.results.find(id_) is None
