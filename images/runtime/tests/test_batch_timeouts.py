"""Batches that run out of time, and async ones that nobody waits for."""

from __future__ import annotations

import pytest

from asya_runtime import frames
from images.runtime.tests.driver import invoke_frame

BATCH_OF_3 = {"ASYA_BATCH_MAX_SIZE": "3", "ASYA_BATCH_MAX_WAIT": "1m"}


def send(client, *payloads, timeout_ms=0):
    data = [invoke_frame(number, each, timeout_ms=timeout_ms) for number, each in enumerate(payloads, start=1)]
    client.socket.sendall(b"".join(data))


@pytest.mark.parametrize("concurrency", ["1", "2"])
def test_a_sync_batch_that_is_late_ends_with_its_worker_and_all_are_named(start, concurrency):
    client = start("batches.spin", ASYA_CONCURRENCY=concurrency, **BATCH_OF_3).connect()
    send(client, {"n": 1}, {"spin": True}, {"n": 3}, timeout_ms=300)

    assert client.report()["reason"] == "timeout"
    assert sorted(client.late()) == [1, 2, 3]


def test_a_message_that_is_tried_alone_after_its_call_raised_has_a_time_of_its_own(start):
    client = start("batches.raise_or_spin", **BATCH_OF_3).connect()
    send(client, {"n": 1}, {"spin": True}, {"n": 3}, timeout_ms=300)

    assert client.report()["reason"] == "timeout"
    assert client.late() == [2]
    assert client.answer(1).items == [{"n": 1, "size": 1}]
    assert 3 not in client.answers


def test_an_async_batch_that_is_late_is_cancelled_and_each_message_tried_alone(start):
    runtime = start("batches.wait_for_ever", **BATCH_OF_3)
    client = runtime.connect()
    send(client, {"n": 1}, {"never": True}, {"n": 3}, timeout_ms=300)

    assert client.answer(1).items == [{"n": 1, "size": 1}]
    assert client.answer(2).error["message"] == "the handler was ended after 0.3 s, its timeout"
    assert client.answer(3).items == [{"n": 3, "size": 1}]
    assert [runtime.line() for _ in range(6)] == [
        "batch of 3",
        "cancelled",
        "batch of 1",
        "batch of 1",
        "cancelled",
        "batch of 1",
    ]


def test_an_async_batch_ends_when_nobody_waits_for_any_of_its_messages(start):
    runtime = start("batches.wait_for_ever", **BATCH_OF_3)
    client = runtime.connect()
    send(client, {"n": 1}, {"never": True}, {"n": 3})
    assert runtime.line() == "batch of 3"
    client.send(frames.CANCEL, 1)
    client.send(frames.CANCEL, 3)
    client.send(frames.PING)
    client.other(frames.PONG)
    assert not client.answers
    client.send(frames.CANCEL, 2)

    assert runtime.line() == "cancelled"
    assert [client.answer(request).error["code"] for request in (1, 2, 3)] == ["cancelled_error"] * 3


def test_an_async_batch_ends_with_its_connection(start):
    runtime = start("batches.wait_for_ever", **BATCH_OF_3)
    client = runtime.connect()
    send(client, {"n": 1}, {"never": True}, {"n": 3})
    assert runtime.line() == "batch of 3"
    client.close()

    assert runtime.line() == "cancelled"
    new = runtime.connect()
    send(new, {"n": 1}, {"n": 2}, {"n": 3})
    assert new.answer(3).items == [{"n": 3, "size": 3}]


def test_an_async_message_that_is_cancelled_while_it_is_tried_alone_lets_the_next_one_run(start):
    runtime = start("batches.wait_alone", **BATCH_OF_3)
    client = runtime.connect()
    send(client, {"n": 1}, {"never": True}, {"n": 3})
    assert client.answer(1).items == [{"n": 1, "size": 1}]
    assert [runtime.line() for _ in range(2)] == ["batch of 1", "batch of 1"]
    client.send(frames.CANCEL, 3)
    client.send(frames.CANCEL, 2)

    assert client.answer(2).error["code"] == "cancelled_error"
    assert client.answer(3).error["code"] == "cancelled_error"
    send(client, {"n": 1}, {"n": 2}, {"n": 3})
    assert client.answer(2).items == [{"n": 2, "size": 1}]


def test_an_async_message_that_is_tried_alone_does_not_inherit_that_its_batch_was_cancelled(start):
    client = start("batches.how_cancelled", **BATCH_OF_3).connect()
    send(client, {"n": 1}, {"n": 2}, {"n": 3}, timeout_ms=300)

    assert [client.answer(request).items for request in (1, 2, 3)] == [[0]] * 3
