import base64
import hashlib
import json
from itertools import pairwise

import pytest

from tests.transport.parties import eventually


async def test_an_error_holds_all_that_its_reader_needs(flow):
    payload = {"name": "plain", "times": 9, "error": "plain"}
    id_ = await flow.send(["echo", "flaky", "echo"], payload, headers={"x-tenant": "a"})
    stored = await flow.error(id_)
    details = stored["payload"]["details"]
    assert (stored["payload"]["error"], stored["payload"]["original_payload"]) == ("processing_error", payload)
    assert (details["type"], details["message"]) == ("ValueError", "no such number: 17")
    lines = details["traceback"].splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].startswith(f'  File "{flow.pipeline.work}/steps.py", line ')
    assert lines[1].endswith("in flaky")
    assert lines[-1] == "ValueError: no such number: 17"
    assert "asya_runtime" not in details["traceback"]
    status = stored["status"]
    assert {key: status["error"][key] for key in details} == details
    assert status["error"]["mro"] == ["Exception"]
    assert (status["phase"], status["reason"], status["actor"]) == ("failed", "processing_error", "flaky")
    assert (status["attempt"], status["max_attempts"]) == (1, 1)
    assert (stored["route"]["current"], stored["headers"]) == (1, {"x-tenant": "a"})


async def test_a_retry_waits_at_the_broker_as_long_as_the_policy_says(flow):
    id_ = await flow.send(["flaky", "echo"], {"name": "down", "times": 2, "error": "outage"})
    await eventually(lambda: is_delayed(flow))
    stored = await flow.result(id_)
    began = [note["at"] for note in flow.pipeline.executions("flaky", "down")]
    assert len(began) == 3
    assert all(later - earlier >= 1.5 for earlier, later in pairwise(began))
    assert stored["payload"]["name"] == "down"


async def is_delayed(flow):
    depth = await flow.transport.depth(flow.pipeline.queue("flaky"))
    return depth.delayed == 1 and depth.ready == 0


async def test_the_last_attempt_says_how_many_there_were(flow):
    id_ = await flow.send(["flaky"], {"name": "down for good", "times": 9, "error": "outage"})
    stored = await flow.error(id_)
    assert len(flow.pipeline.executions("flaky", "down for good")) == 3
    status = stored["status"]
    assert (status["attempt"], status["max_attempts"], status["reason"]) == (3, 3, "processing_error")
    assert status["error"]["type"] == "steps.OutageError"


async def test_an_exception_may_ask_for_a_later_retry(flow):
    stored = await flow.result(await flow.send(["flaky"], {"name": "busy", "times": 1, "error": "busy"}))
    assert (stored["status"]["phase"], stored["status"]["attempt"]) == ("succeeded", 2)
    first, second = [note["at"] for note in flow.pipeline.executions("flaky", "busy")]
    assert second - first >= 1.5


async def test_a_policy_may_send_what_failed_another_way(flow):
    outlet = await flow.outlet("rescue")
    payload = {"name": "rescued", "times": 9, "error": "rescued"}
    id_ = await flow.send(["echo", "flaky", "maker"], payload)
    came = json.loads(await outlet.take())
    assert (came["id"], came["payload"]) == (id_, payload)
    assert came["route"] == {"actors": ["echo", "flaky", "rescue", "echo"], "current": 2}
    assert came["status"]["reason"] == "processing_error"
    assert came["status"]["error"]["type"] == "steps.RescuedError"
    assert "in flaky" in came["status"]["error"]["traceback"]
    assert len(flow.pipeline.executions("flaky", "rescued")) == 1


async def record_of(flow, body):
    """Return the stored record of bytes that are no envelope."""
    prefix = f"raw-{hashlib.sha256(body).hexdigest()}-"
    await eventually(lambda: any(prefix in key for key in flow.pipeline.results.keys("error")), 40)
    (stored,) = [end.envelope for end in flow.pipeline.results.ends() if end.id.startswith(prefix)]
    return stored


@pytest.mark.parametrize("body", [b"\xff\xfe no envelope", b"", b"[1, 2", b'"text"'], ids=repr)
async def test_bytes_that_are_no_envelope_are_kept(flow, body):
    await flow.post("echo", body)
    stored = await record_of(flow, body)
    assert stored["payload"]["error"] == "msg_parsing_error"
    assert stored["status"]["actor"] == "echo"
    original = stored["payload"]["original_payload"]
    is_json = body == b'"text"'
    assert original == ("text" if is_json else {"base64": base64.b64encode(body).decode()})


async def test_an_envelope_that_lacks_something_is_kept_with_its_id_as_the_parents(flow):
    body = json.dumps({"id": "lacks-a-route", "payload": {"n": 2**70}}).encode()
    await flow.post("echo", body)
    stored = await record_of(flow, body)
    assert stored["parent_id"] == "lacks-a-route"
    assert stored["payload"]["original_payload"] == json.loads(body)
    assert "route" in stored["payload"]["details"]["message"]


async def test_a_message_whose_time_is_up_is_not_run(flow):
    payload = {"name": "late", "times": 0}
    id_ = await flow.send(["flaky"], payload, status={"deadline_at": "2026-01-31T12:00:00Z"})
    stored = await flow.error(id_)
    assert (stored["payload"]["error"], stored["payload"]["original_payload"]) == ("deadline_exceeded", payload)
    assert stored["status"]["deadline_at"] == "2026-01-31T12:00:00Z"
    assert flow.pipeline.executions("flaky", "late") == []
