"""A runtime whose handler takes batches: on the main thread, on several threads, and on an event loop."""

from __future__ import annotations

import os
import time

import pytest

from asya_runtime import frames
from images.runtime.tests.driver import invoke_frame
from images.runtime.tests.gathering import KINDS, Batches


@pytest.fixture(params=KINDS)
def batches(request, start, folder):
    return Batches(start, folder, request.param)


def test_the_runtime_says_how_many_messages_it_takes_at_once(batches):
    greeting = batches.start("answer", size=4).greeting

    assert (greeting["batch"], greeting["concurrency"]) == (4, 4 * int(batches.concurrency))


def test_messages_that_have_come_go_together(batches):
    batches.start("hold", size=4)
    batches.gather(*[{"n": number} for number in range(3)])

    assert batches.items(3) == [[{"n": number, "size": 3}] for number in range(3)]


def test_a_batch_has_at_most_its_size(batches):
    batches.start("hold", size=2)
    batches.gather(*[{"n": number} for number in range(5)])

    assert sorted(items[0]["size"] for items in batches.items(5)) == [1, 2, 2, 2, 2]


def test_every_message_has_an_outcome_of_its_own(batches):
    batches.start("hold", ASYA_MAX_BODY_BYTES="4096")
    batches.gather(
        {"n": 1},
        {"fail": "missing"},
        {"return": [1, 2]},
        {"return": None},
        b"not JSON",
        {"bad": True},
        {"large": 5000},
        {"busy": True},
    )
    good, failed, several, none, broken, bad, large, busy = batches.answers(8)

    assert good.items == [{"n": 1, "size": 7}]
    assert (several.items, none.items) == ([1, 2], [])
    assert (failed.error["code"], failed.error["type"]) == ("processing_error", "KeyError")
    assert broken.error["code"] == "msg_parsing_error"
    assert (bad.error["code"], bad.error["message"][:16]) == ("result_error", 'result[4]["bad"]')
    assert (large.error["code"], large.error["message"][:25]) == ("result_error", "a result has 5002 bytes; ")
    assert (busy.error["type"], busy.error["mro"]) == ("batches.BusyError", ["OSError", "Exception"])
    assert busy.error["retry_after"] == 2.5


def test_a_call_that_raises_is_made_again_for_each_message_alone(batches):
    batches.start("hold")
    batches.gather({"n": 1}, {"raise": True}, {"n": 3}, {"fail": "missing"})
    first, raising, third, failed = batches.answers(4)

    assert (first.items, third.items) == ([{"n": 1, "size": 1}], [{"n": 3, "size": 1}])
    assert (raising.error["type"], raising.error["message"]) == ("ValueError", "one of 1 can't be done")
    assert 'in answer\n    raise ValueError(f"one of' in raising.error["traceback"]
    assert failed.error["type"] == "KeyError"


def test_a_call_that_leaves_is_made_again_for_each_message_alone(batches):
    batches.start("hold")
    batches.gather({"n": 1}, {"leave": True})

    assert [batches.client.answer(1).items, batches.client.answer(2).error["type"]] == [
        [{"n": 1, "size": 1}],
        "SystemExit",
    ]


def test_what_a_failed_call_did_to_its_messages_is_forgotten(batches):
    batches.start("spoil", size=2, wait="1m")
    batches.send({"n": 1}, {"n": 2})

    assert batches.items(2) == [[{"n": number, "spoilt": True, "times": 1}] for number in (1, 2)]


@pytest.mark.parametrize(("handler", "got"), [("wrong_length", "2 entries"), ("no_list", "a dict")])
def test_without_one_entry_for_each_message_all_fail(batches, handler, got):
    batches.start(handler, size=3, wait="1m")
    batches.send({"n": 1}, {"n": 2}, {"n": 3})
    answers = batches.answers(3)

    assert {answer.error["code"] for answer in answers} == {"result_error"}
    sentence = (
        f"the handler returned {got} for a batch of 3 messages; return a list with 3 entries, one for each message, "
        "None where there is no result"
    )
    assert {answer.error["message"] for answer in answers} == {sentence}


def test_a_full_batch_waits_for_nobody(batches):
    batches.start("answer", size=2, wait="1h")
    batches.send({"n": 1}, {"n": 2})

    assert batches.items(2) == [[{"n": 1, "size": 2}], [{"n": 2, "size": 2}]]


def test_a_batch_waits_for_company(batches):
    batches.start("answer", wait="2s")
    began = time.monotonic()
    batches.send({"n": 1})
    batches.client.send(frames.PING)
    batches.client.other(frames.PONG)
    batches.send({"n": 2}, first=2)

    assert batches.items(2) == [[{"n": 1, "size": 2}], [{"n": 2, "size": 2}]]
    assert time.monotonic() - began >= 2


@pytest.mark.parametrize("handler", ["nap", "nap_later"])
def test_what_came_during_a_call_waits_for_what_comes_right_after_it(start, handler):
    runtime = start(f"batches.{handler}", ASYA_BATCH_MAX_SIZE="2", ASYA_BATCH_MAX_WAIT="1s", NAP="1.5")
    client = runtime.connect()
    client.invoke(1, {"n": 1})
    assert runtime.line() == "batch of 1"
    client.invoke(2, {"n": 2})
    assert client.answer(1).items == [{"n": 1}]
    client.invoke(3, {"n": 3})

    assert runtime.line() == "batch of 2"


@pytest.mark.parametrize("who", ["sidecar", "runtime"])
def test_nothing_waits_for_company_while_the_runtime_drains(batches, who):
    client = batches.start("answer", wait="1h")
    batches.send({"n": 1})
    client.send(frames.PING)
    client.other(frames.PONG)
    if who == "sidecar":
        client.send(frames.DRAIN)
    else:
        batches.runtime.terminate()
        client.other(frames.DRAIN)
    assert client.answer(1).items == [{"n": 1, "size": 1}]
    batches.send({"n": 2}, first=2)
    assert client.answer(2).items == [{"n": 2, "size": 1}]
    client.close()

    assert batches.runtime.finish()[0] == 0


def test_a_message_that_is_cancelled_before_its_call_is_not_in_the_batch(batches):
    client = batches.start("hold")
    batches.occupy()
    batches.send({"n": 1}, {"n": 2}, {"n": 3})
    client.send(frames.CANCEL, 2)
    assert client.answer(2).error["code"] == "cancelled_error"
    batches.release()

    assert [client.answer(1).items, client.answer(3).items] == [[{"n": 1, "size": 2}], [{"n": 3, "size": 2}]]


def test_a_message_that_is_cancelled_in_its_call_leaves_the_others_alone(batches, folder):
    client = batches.start("hold", size=2, wait="1m")
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    batches.send({"pipe": str(pipe)}, {"n": 2})
    assert batches.runtime.line() == "batch of 2"
    client.send(frames.CANCEL, 1)
    client.send(frames.PING)
    client.other(frames.PONG)
    pipe.write_text("")

    assert client.answer(1).error["code"] == "cancelled_error"
    assert client.answer(2).items == [{"n": 2, "size": 2}]


def test_the_file_names_every_message_of_a_batch_and_its_one_deadline(batches, folder):
    client = batches.start("hold", size=3, wait="1m")
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    batches.send({"pipe": str(pipe)}, timeout_ms=0)
    batches.send({"n": 2}, first=2, timeout_ms=100_000)
    batches.send({"n": 3}, first=3, timeout_ms=60_000)
    assert batches.runtime.line() == "batch of 3"
    slots = dict(client.slots())
    deadlines = {slots.pop(request) for request in (1, 2, 3)}
    pipe.write_text("")

    assert set(slots) <= {0}
    assert len(deadlines) == 1
    assert 30e9 < deadlines.pop() - time.monotonic_ns() < 70e9
    assert [len(items) for items in batches.items(3)] == [1, 1, 1]
    client.send(frames.PING)
    client.other(frames.PONG)
    assert set(client.slots()) == {(0, 0)}


def test_when_the_process_dies_in_a_call_the_file_names_all_its_messages(batches):
    client = batches.start("answer", size=3, wait="1m")
    batches.send({"n": 1}, {"crash": True}, {"n": 3})

    assert client.report()["reason"] == "exit"
    assert [request for request in client.running() if request] == [1, 2, 3]


def test_when_the_process_dies_in_a_message_that_runs_alone_the_file_names_it_alone(batches):
    client = batches.start("answer", size=3, wait="1m")
    batches.send({"raise": True}, {"crash": True}, {"n": 3})

    assert client.report()["reason"] == "exit"
    assert [request for request in client.running() if request] == [2]


def test_each_message_is_charged_with_the_time_of_the_whole_call(batches):
    batches.start("nap", size=2, wait="1m")
    batches.send({"n": 1}, {"n": 2})
    first, second = (answer.microseconds for answer in batches.answers(2))

    assert first == second
    assert 100_000 <= first < 10_000_000


def test_a_new_connection_gets_answers_only_to_what_it_asked_itself(batches):
    batches.start("hold")
    batches.occupy()
    batches.send({"old": 1}, {"old": 2})
    batches.client.send(frames.PING)
    batches.client.other(frames.PONG)
    old, new = batches.client, batches.runtime.connect()
    old.wait_until_closed()
    new.socket.sendall(invoke_frame(1, {"new": 1}) + invoke_frame(2, {"new": 2}))
    new.send(frames.PING)
    new.other(frames.PONG)
    for pipe in batches.pipes:
        pipe.write_text("")

    assert [new.answer(1).items, new.answer(2).items] == [[{"new": 1, "size": 2}], [{"new": 2, "size": 2}]]
    assert old.answers == {}


def test_in_mode_envelope_the_batch_is_one_of_envelopes(batches):
    client = batches.start("hold_envelopes", size=2, wait="1m", ASYA_HANDLER_MODE="envelope")
    metas = [{"id": name, "route": {"actors": ["x"], "current": 0}} for name in "ab"]
    for request, meta in enumerate(metas, start=1):
        client.invoke(request, {"n": request}, meta=meta)
    assert batches.runtime.line() == "batch of 2"

    assert batches.items(2) == [[{**meta, "payload": {"n": request}}] for request, meta in enumerate(metas, start=1)]


def test_many_messages_are_each_answered_once(batches):
    batches.start("answer", size=7)
    batches.send(*[{"n": number} for number in range(500)])
    items = batches.items(500)

    assert [each[0]["n"] for each in items] == list(range(500))
    assert max(each[0]["size"] for each in items) > 1


def test_a_handler_of_single_messages_does_not_start_with_batches(start):
    code, errors = start("functions.echo", wait=False, ASYA_BATCH_MAX_SIZE="4").finish()

    assert code == 1
    assert errors.endswith("set the size to 1 [batch_annotation]\n")


def test_a_handler_of_batches_gets_single_messages_where_they_are_off(start):
    assert start("batches.spoil").connect().call(1, [{"n": 1}]).items == [{"n": 1, "spoilt": True, "times": 1}]
