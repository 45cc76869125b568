"""An actor whose handler takes six messages in one call: each of them comes to an end of its own."""

import pytest

pytestmark = pytest.mark.timeout(180)
SIZE = 6


async def send(flow, *payloads):
    """Send as many messages as one call takes, and return their ids."""
    named = [{"name": f"{number}", **payload} for number, payload in enumerate(payloads)]
    named += [{"name": f"filler {number}"} for number in range(SIZE - len(payloads))]
    return [await flow.send(["pack"], payload) for payload in named]


async def test_each_entry_is_the_outcome_of_its_message(flow):
    good, failing, several, none, bad, busy = await send(
        flow,
        {"name": "good"},
        {"name": "failing", "error": "plain", "times": 9},
        {"name": "several", "each": [{"part": 0}, {"part": 1}]},
        {"name": "none", "none": True},
        {"name": "bad", "bad": True},
        {"name": "busy", "error": "busy", "times": 1},
    )
    assert (await flow.result(good))["payload"] == {"name": "good", "size": SIZE}
    failed = await flow.error(failing)
    assert (failed["payload"]["error"], failed["status"]["attempt"]) == ("processing_error", 1)
    assert failed["status"]["error"]["type"] == "ValueError"
    assert "in _fail" in failed["payload"]["details"]["traceback"]
    assert failed["payload"]["original_payload"]["name"] == "failing"
    assert (await flow.result(several))["payload"] == {"part": 0}
    assert (await flow.result(f"{several}-0.1"))["payload"] == {"part": 1}
    assert (await flow.result(none))["payload"] == {"name": "none", "none": True}
    refused = await flow.error(bad)
    assert (refused["payload"]["error"], refused["status"]["reason"]) == ("result_error", "result_error")
    assert refused["payload"]["details"]["message"].startswith('result[4]["bad"] is of type object')
    again = await flow.result(busy)
    assert (again["status"]["attempt"], again["payload"]["size"]) == (2, 1)
    first, second = [note["at"] for note in flow.pipeline.executions("pack", "busy")]
    assert second - first >= 1.5


async def test_a_call_that_raises_fails_those_that_raise_alone_within_one_attempt(flow):
    ids = await send(flow, {"name": "innocent"}, {"name": "raising", "call": "raise"})
    raised = await flow.error(ids.pop(1))
    stored = [await flow.result(id_) for id_ in ids]
    assert [(each["payload"]["size"], each["status"]["attempt"]) for each in stored] == [(1, 1)] * (SIZE - 1)
    assert raised["payload"]["details"]["message"] == "1 are too many"
    assert raised["status"]["attempt"] == 1
    assert len(flow.pipeline.executions("pack", "raising")) == 2


async def test_a_call_that_returns_too_few_entries_fails_all_its_messages(flow):
    ids = await send(flow, {"name": "short", "call": "short"})
    stored = [await flow.error(id_) for id_ in ids]
    assert {each["payload"]["error"] for each in stored} == {"result_error"}
    sentence = (
        "the handler returned 5 entries for a batch of 6 messages; return a list with 6 entries, one for each message, "
        "None where there is no result"
    )
    assert {each["payload"]["details"]["message"] for each in stored} == {sentence}


async def test_a_message_that_ends_the_process_is_found_and_its_neighbours_are_not_charged(flow):
    runtime = flow.pipeline.process("pack", "asya-runtime").pid
    ids = await send(flow, {"name": "neighbour"}, {"name": "killer", "call": "exit"})
    killed = await flow.error(ids.pop(1))
    stored = [await flow.result(id_) for id_ in ids]
    assert {each["status"]["attempt"] for each in stored} == {1}
    assert (killed["payload"]["error"], killed["status"]["attempt"]) == ("crash_error", 1)
    assert flow.pipeline.process("pack", "asya-runtime").pid == runtime
