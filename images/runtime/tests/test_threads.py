"""A runtime with several threads for a handler that is not async."""

from __future__ import annotations

import os

import pytest

from asya_runtime import frames
from images.runtime.tests.driver import invoke_frame


@pytest.fixture
def pipes(folder):
    """Named pipes, one for each call that a test wants to hold."""
    paths = [folder / f"pipe-{number}" for number in range(3)]
    for path in paths:
        os.mkfifo(path)
    return paths


def hold(client, pipes):
    """Call the handler once for each pipe, which it waits on."""
    for request, pipe in enumerate(pipes, start=1):
        client.invoke(request, {"pipe": str(pipe)})


def test_as_many_run_at_once_as_concurrency_says(start, pipes):
    runtime = start("functions.wait_for_file", ASYA_CONCURRENCY="2")
    client = runtime.connect()
    assert client.greeting["concurrency"] == 2
    hold(client, pipes)
    assert [runtime.line(), runtime.line()] == ["waiting", "waiting"]
    assert client.running() == [1, 2]

    pipes[1].write_text("")
    assert client.answer(2).items == [{"pipe": str(pipes[1])}]
    assert runtime.line() == "waiting"
    assert client.running() == [1, 3]
    pipes[0].write_text("")
    pipes[2].write_text("")
    assert client.answer(1).items == [{"pipe": str(pipes[0])}]
    assert client.answer(3).items == [{"pipe": str(pipes[2])}]


def test_the_handler_runs_on_threads_of_its_own(start):
    client = start("functions.thread_name", ASYA_CONCURRENCY="3").connect()

    assert {client.call(request, {}).items[0][:13] for request in range(1, 10)} == {"asya-handler-"}


def test_many_requests_are_each_answered_once(start):
    client = start("functions.echo", ASYA_CONCURRENCY="8").connect()
    client.socket.sendall(b"".join(invoke_frame(request, {"number": request}) for request in range(1, 501)))

    for request in range(500, 0, -1):
        assert client.answer(request).items == [{"number": request}]


def test_errors_and_exits_stay_with_their_message(start):
    client = start("functions.leave", ASYA_CONCURRENCY="2").connect()

    assert [client.call(request, {}).error["type"] for request in range(1, 6)] == ["SystemExit"] * 5


def test_the_socket_is_served_while_all_threads_are_busy(start, pipes):
    runtime = start("functions.wait_for_file", ASYA_CONCURRENCY="2")
    client = runtime.connect()
    hold(client, pipes)
    assert [runtime.line(), runtime.line()] == ["waiting", "waiting"]
    client.send(frames.PING, 0, b"1")
    client.send(frames.CANCEL, 3)
    client.send(frames.CANCEL, 1)

    assert client.other(frames.PONG) == b"1"
    assert client.answer(3).error["code"] == "cancelled_error"
    pipes[0].write_text("")
    assert client.answer(1).error["code"] == "cancelled_error"
    pipes[1].write_text("")
    assert client.answer(2).items == [{"pipe": str(pipes[1])}]


def test_what_runs_for_an_old_connection_keeps_its_place(start, pipes):
    runtime = start("functions.wait_for_file", ASYA_CONCURRENCY="2")
    old = runtime.connect()
    hold(old, pipes[:2])
    assert [runtime.line(), runtime.line()] == ["waiting", "waiting"]
    old.close()
    new = runtime.connect()
    new.invoke(1, {"new": True})
    new.send(frames.PING)
    new.other(frames.PONG)
    assert 1 not in new.answers

    pipes[0].write_text("")
    assert new.answer(1).items == [{"new": True}]
    pipes[1].write_text("")


def test_what_a_generator_yields_is_sent_as_it_comes(start, pipes):
    client = start("functions.yield_and_wait", ASYA_CONCURRENCY="2").connect()
    client.invoke(1, {"pipe": str(pipes[0])})

    assert client.item(1, 0) == "at once"
    pipes[0].write_text("")
    assert client.answer(1).items == ["at once", "later"]


def test_a_timeout_holds_while_the_sidecar_does_not_read(start, pipes):
    runtime = start("functions.yield_or_wait", ASYA_CONCURRENCY="2")
    client = runtime.connect()
    client.invoke(2, {"pipe": str(pipes[0])}, timeout_ms=500)
    assert runtime.line() == "waiting"
    client.invoke(1, {})
    runtime.wait_until_restarted()

    assert client.report()["reason"] == "timeout"
    assert client.running() == [1, 2]
    assert client.late() == [2]


def test_a_drain_waits_for_all_threads(start, pipes):
    runtime = start("functions.wait_for_file", ASYA_CONCURRENCY="2")
    client = runtime.connect()
    hold(client, pipes[:2])
    assert [runtime.line(), runtime.line()] == ["waiting", "waiting"]
    runtime.terminate()
    client.other(frames.DRAIN)
    for pipe in pipes[:2]:
        pipe.write_text("")

    assert client.answer(1).items
    assert client.answer(2).items
    client.close()
    assert runtime.finish()[0] == 0
