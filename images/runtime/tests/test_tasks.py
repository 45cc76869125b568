"""A runtime with an async handler."""

from __future__ import annotations

import signal

import pytest

from asya_runtime import frames
from images.runtime.tests.driver import invoke_frame


def test_a_coroutine_answers(start):
    client = start("coroutines.echo").connect()

    assert client.greeting["concurrency"] == 1
    assert client.call(1, {"a": "ü"}).items == [{"a": "ü"}]
    assert client.call(2, None).items == []
    assert client.call(3, [1, 2]).items == [1, 2]


def test_an_async_generator_answers(start):
    client = start("coroutines.count").connect()

    assert client.call(1, {"n": 2}).items == [{"number": 0}, {"number": 1}]
    assert client.call(2, {"n": 0}).items == []


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        ("coroutines.fail", "ValueError"),
        ("coroutines.leave", "SystemExit"),
        ("coroutines.cancel_itself", "asyncio.exceptions.CancelledError"),
    ],
)
def test_what_it_raises_is_this_messages_error(start, handler, kind):
    client = start(handler).connect()

    for request in (1, 2):
        error = client.call(request, {}).error
        assert (error["code"], error["type"]) == ("processing_error", kind)


def test_as_many_run_at_once_as_concurrency_says(start):
    client = start("coroutines.meet", ASYA_CONCURRENCY="5").connect()
    client.socket.sendall(b"".join(invoke_frame(request, {"n": 5}) for request in range(1, 11)))

    assert [client.answer(request).items for request in range(1, 11)] == [[5]] * 10


def test_no_more_run_at_once_than_concurrency_says(start):
    client = start("coroutines.most_at_once", ASYA_CONCURRENCY="3").connect()
    client.socket.sendall(b"".join(invoke_frame(request, {}) for request in range(1, 51)))

    assert max(client.answer(request).items[0] for request in range(1, 51)) == 3


def test_all_calls_share_one_event_loop_and_the_class_was_built_on_it(start):
    client = start("coroutines.Session.process").connect()

    assert [client.call(request, {}).items for request in (1, 2)] == [[True], [True]]


def test_cancelling_ends_a_coroutine(start):
    runtime = start("coroutines.wait_for_ever", ASYA_CONCURRENCY="2")
    client = runtime.connect()
    client.invoke(1, {})
    assert runtime.line() == "waiting"
    assert client.running() == [0, 1]
    client.send(frames.CANCEL, 1)

    assert client.answer(1).error["code"] == "cancelled_error"
    assert runtime.line() == "cancelled"
    assert client.running() == [0, 0]


def test_cancelling_what_waits_answers_at_once(start):
    runtime = start("coroutines.wait_for_ever")
    client = runtime.connect()
    client.socket.sendall(invoke_frame(1, {}) + invoke_frame(2, {}) + frames.encode(frames.CANCEL, 2))

    assert client.answer(2).error["code"] == "cancelled_error"
    client.send(frames.CANCEL, 1)
    assert client.answer(1).error["code"] == "cancelled_error"
    assert [runtime.line(), runtime.line()] == ["waiting", "cancelled"]


def test_cancelling_what_came_in_the_same_piece_leaves_the_place_free(start):
    client = start("coroutines.echo").connect()
    pairs = [invoke_frame(request, {}) + frames.encode(frames.CANCEL, request) for request in range(1, 20)]
    client.socket.sendall(b"".join(pairs))

    for request in range(1, 20):
        assert client.answer(request).error["code"] == "cancelled_error"
    assert client.call(20, {}).items == [{}]


def test_a_coroutine_past_its_timeout_is_ended_alone(start):
    runtime = start("coroutines.wait_for_ever", ASYA_CONCURRENCY="2")
    client = runtime.connect()
    client.invoke(1, {}, timeout_ms=50)
    error = client.answer(1).error

    assert (error["code"], error["message"]) == ("timeout_error", "the handler was ended after 0.05 s, its timeout")
    assert [runtime.line(), runtime.line()] == ["waiting", "cancelled"]
    assert runtime.process.poll() is None


def test_an_answer_in_time_is_no_timeout(start):
    client = start("coroutines.echo").connect()

    assert client.call(1, {}, timeout_ms=60_000).items == [{}]


def test_a_lost_sidecar_ends_its_coroutines_and_the_next_one_is_served(start):
    runtime = start("coroutines.wait_for_ever")
    old = runtime.connect()
    old.invoke(1, {})
    assert runtime.line() == "waiting"
    old.close()
    assert runtime.line() == "cancelled"

    new = runtime.connect()
    new.invoke(1, {})
    assert runtime.line() == "waiting"
    assert new.running() == [1]


def test_a_new_connection_replaces_the_one_before(start):
    runtime = start("coroutines.wait_for_ever")
    old = runtime.connect()
    old.socket.sendall(invoke_frame(1, {}) + invoke_frame(2, {}))
    assert runtime.line() == "waiting"
    new = runtime.connect()

    old.wait_until_closed()
    assert runtime.line() == "cancelled"
    new.invoke(1, {})
    assert runtime.line() == "waiting"


def test_a_ping_is_answered_while_coroutines_wait(start):
    client = start("coroutines.wait_for_ever").connect()
    client.invoke(1, {})
    client.send(frames.PING, 0, b"x")

    assert client.other(frames.PONG) == b"x"


def test_a_generator_waits_for_a_sidecar_that_does_not_read(start):
    client = start("coroutines.yield_for_ever").connect()
    client.invoke(1, {}, timeout_ms=100)
    first = client.item(1, 0)
    client.send(frames.CANCEL, 1)

    answer = client.answer(1)
    assert answer.items[0] == first
    assert answer.error["code"] == "cancelled_error"


def test_what_a_plain_generator_yields_is_sent_as_it_comes(start):
    runtime = start("coroutines.plain_generator_for_ever", ASYA_CONCURRENCY="2")
    client = runtime.connect()
    client.invoke(1, {})
    assert [client.item(1, index) for index in (0, 1)] == [0, 1]
    client.invoke(2, {})
    assert client.item(2, 0) == 0
    client.send(frames.CANCEL, 1)

    assert client.answer(1).error["code"] == "cancelled_error"
    assert runtime.line() == "closed"


@pytest.mark.parametrize("handler", ["coroutines.plain_generator_for_ever", "coroutines.yield_for_ever"])
def test_a_generator_that_awaits_nothing_is_ended_at_its_timeout(start, handler):
    runtime = start(handler)
    client = runtime.connect()
    client.invoke(1, {}, timeout_ms=50)

    answer = client.answer(1)
    assert answer.items
    assert answer.error["code"] == "timeout_error"
    assert runtime.process.poll() is None


def test_a_peer_that_breaks_the_protocol_is_disconnected_and_the_next_one_served(start):
    runtime = start("coroutines.echo")
    client = runtime.connect()
    client.socket.sendall(b"GET / HTTP/1.1\r\n\r\n")

    client.wait_until_closed()
    assert runtime.connect().call(1, {}).items == [{}]


def test_a_signal_drains(start):
    runtime = start("coroutines.meet", ASYA_CONCURRENCY="2")
    client = runtime.connect()
    client.invoke(1, {"n": 2})
    runtime.terminate()
    client.other(frames.DRAIN)
    client.invoke(2, {"n": 2})

    assert [client.answer(request).items for request in (1, 2)] == [[2], [2]]
    client.close()
    assert runtime.finish()[0] == 0
    assert sorted(path.name for path in runtime.socket_dir.iterdir()) == []


def test_a_second_signal_ends_at_once(start):
    runtime = start("coroutines.wait_for_ever")
    client = runtime.connect()
    client.invoke(1, {})
    assert runtime.line() == "waiting"
    runtime.terminate()
    client.other(frames.DRAIN)
    runtime.terminate()

    assert runtime.finish()[0] == 128 + signal.SIGTERM
