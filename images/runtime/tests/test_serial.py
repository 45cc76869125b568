"""A runtime with concurrency 1: a real process over its real socket."""

from __future__ import annotations

import os
import random
import select
import signal

import pytest

from asya_runtime import frames
from images.runtime.tests.driver import PATIENCE, invoke_frame


@pytest.fixture
def pipe(folder):
    """A named pipe that a handler waits on until the test opens it."""
    path = folder / "pipe"
    os.mkfifo(path)
    return path


def release(pipe):
    pipe.write_text("")


def test_the_runtime_greets_and_answers(start):
    client = start("functions.add_one").connect()

    assert client.greeting == {"version": 1, "mode": "payload", "concurrency": 1, "limit": 16 * 1024 * 1024, "batch": 1}
    assert client.call(1, {"n": 1}).items == [{"n": 2}]
    assert client.call(2**64 - 1, {"n": 2}).items == [{"n": 3}]


def test_many_requests_in_one_piece_are_answered_in_order(start):
    client = start("functions.echo").connect()
    client.socket.sendall(b"".join(invoke_frame(request, {"number": request}) for request in range(1, 501)))

    for request in range(1, 501):
        assert client.answer(request).items == [{"number": request}]
    assert client.decoder.error is None


def test_an_error_does_not_disturb_what_comes_after_it(start):
    client = start("functions.crash").connect()
    assert client.call(1, b"not JSON").error["code"] == "msg_parsing_error"
    assert client.call(2, {"fine": True}).items == [{"fine": True}]


@pytest.mark.parametrize(
    ("handler", "kind"), [("functions.leave", "SystemExit"), ("functions.interrupt", "KeyboardInterrupt")]
)
def test_the_process_outlives_what_the_handler_raises(start, handler, kind):
    client = start(handler).connect()

    assert [client.call(request, {}).error["type"] for request in (1, 2)] == [kind, kind]


def test_items_before_an_error_stay_sent(start):
    answer = start("functions.count_then_fail").connect().call(1, {"n": 2})

    assert answer.items == [{"number": 0}, {"number": 1}]
    assert answer.error["type"] == "ValueError"


def test_a_list_with_a_bad_entry_sends_none_of_them(start):
    answer = start("functions.bad_entry").connect().call(1, {})

    assert answer.items == []
    assert answer.error["code"] == "result_error"


def test_a_result_over_the_limit_is_refused_and_one_at_the_limit_sent(start):
    client = start("functions.large", ASYA_MAX_BODY_BYTES="5000").connect()

    assert client.call(1, 4998).items == ["x" * 4998]
    assert client.call(2, 4999).error["message"].startswith("a result has 5001 bytes; the limit is 5000")


def test_large_payloads_go_both_ways(start):
    client = start("functions.echo").connect()
    text = "ü" * 1_000_000

    assert client.call(1, {"text": text}).items == [{"text": text}]


def test_what_a_generator_yields_is_sent_as_it_comes(start, pipe):
    client = start("functions.yield_and_wait").connect()
    client.invoke(1, {"pipe": str(pipe)})

    assert client.item(1, 0) == "at once"
    release(pipe)
    assert client.answer(1).items == ["at once", "later"]


def test_a_finished_result_does_not_wait_for_a_slow_handler(start, pipe):
    client = start("functions.wait_for_file").connect()
    client.socket.sendall(invoke_frame(1, {"fast": 1}) + invoke_frame(2, {"pipe": str(pipe)}))

    assert client.answer(1).items == [{"fast": 1}]
    release(pipe)
    assert client.answer(2).items == [{"pipe": str(pipe)}]


def test_a_ping_is_answered_while_the_handler_runs(start, pipe):
    runtime = start("functions.wait_for_file")
    client = runtime.connect()
    client.invoke(1, {"pipe": str(pipe)})
    assert runtime.line() == "waiting"
    client.send(frames.PING, 0, b"are you there?")

    assert client.other(frames.PONG) == b"are you there?"
    release(pipe)
    assert client.answer(1).items == [{"pipe": str(pipe)}]


def test_what_comes_while_the_handler_runs_is_done_after_it(start, pipe):
    runtime = start("functions.wait_for_file")
    client = runtime.connect()
    client.invoke(1, {"pipe": str(pipe)})
    assert runtime.line() == "waiting"
    client.invoke(2, {})
    client.send(frames.PING)
    client.other(frames.PONG)
    release(pipe)

    assert client.answer(1).microseconds > 0
    assert client.answer(2).items == [{}]


def test_cancelling_what_waits_answers_while_the_handler_runs(start, pipe):
    runtime = start("functions.wait_for_file")
    client = runtime.connect()
    client.socket.sendall(invoke_frame(1, {"pipe": str(pipe)}) + invoke_frame(2, {"never": 1}))
    assert runtime.line() == "waiting"
    client.send(frames.CANCEL, 2)

    assert client.answer(2).error["code"] == "cancelled_error"
    release(pipe)
    assert client.answer(1).items == [{"pipe": str(pipe)}]


def test_cancelling_what_runs_discards_its_result(start, pipe):
    runtime = start("functions.wait_for_file")
    client = runtime.connect()
    client.invoke(1, {"pipe": str(pipe)})
    assert runtime.line() == "waiting"
    client.send(frames.CANCEL, 1)
    client.send(frames.PING)
    client.other(frames.PONG)
    release(pipe)
    answer = client.answer(1)

    assert (answer.items, answer.error["code"]) == ([], "cancelled_error")


def test_cancelling_a_generator_ends_it(start):
    client = start("functions.yield_for_ever").connect()
    client.invoke(1, {})
    assert client.item(1, 5) == 5
    client.send(frames.CANCEL, 1)

    assert client.answer(1).error["code"] == "cancelled_error"


def test_a_new_connection_is_greeted_while_the_handler_runs_for_the_old_one(start, pipe):
    runtime = start("functions.wait_for_file")
    old = runtime.connect()
    old.socket.sendall(invoke_frame(1, {"pipe": str(pipe)}) + invoke_frame(2, {"never": 1}))
    assert runtime.line() == "waiting"
    assert old.running() == [1]
    new = runtime.connect()
    old.wait_until_closed()
    assert old.running() == [0]
    new.invoke(1, {"new": True})
    release(pipe)

    assert new.answer(1).items == [{"new": True}]
    assert old.answers == {}


def test_a_sidecar_that_comes_back_is_served(start):
    runtime = start("functions.echo")
    for number in range(5):
        client = runtime.connect()
        assert client.call(1, {"number": number}).items == [{"number": number}]
        client.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        frames.encode(frames.ITEM, 1, b"1"),
        frames.encode(frames.INVOKE, 1, b"\0\0\0\0\0\0\0\x09{}"),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_a_peer_that_breaks_the_protocol_is_disconnected_and_the_next_one_served(start, data):
    runtime = start("functions.echo")
    client = runtime.connect()
    client.socket.sendall(data)

    client.wait_until_closed()
    assert runtime.connect().call(1, {}).items == [{}]


def test_garbage_of_any_kind_does_no_harm(start):
    runtime = start("functions.echo")
    choice = random.Random(5)
    frame = invoke_frame(1, {"text": "hi"})
    for _ in range(200):
        client = runtime.connect()
        cut = choice.randrange(len(frame))
        client.socket.sendall(choice.choice([b"", frame, frame[:cut]]) + choice.randbytes(choice.randrange(60)))
        client.close()

    assert runtime.connect().call(1, {}).items == [{}]


def test_the_file_names_what_runs_when_the_worker_is_killed(start):
    runtime = start("functions.crash")
    client = runtime.connect()
    requests = [invoke_frame(request, "fine") for request in range(1, 51)]
    client.socket.sendall(b"".join([*requests, invoke_frame(51, "crash"), invoke_frame(52, "fine")]))

    assert client.report()["reason"] == "crash"
    assert client.running() == [51]
    assert not set(client.answers) & {51, 52}


def test_the_file_names_nothing_while_nothing_runs(start):
    runtime = start("functions.echo")
    client = runtime.connect()
    client.call(1, {})
    client.send(frames.PING)
    client.other(frames.PONG)

    assert client.running() == [0]


def test_in_mode_envelope_envelopes_go_in_and_out(start):
    client = start("functions.echo", ASYA_HANDLER_MODE="envelope").connect()
    meta = {"id": "a", "route": {"actors": ["x"], "current": 0}, "headers": {"h": "ü"}}

    assert client.greeting["mode"] == "envelope"
    assert client.call(1, {"text": "hi"}, meta=meta).items == [{**meta, "payload": {"text": "hi"}}]


def test_a_forked_child_neither_keeps_the_connection_nor_our_signals(start):
    runtime = start("functions.forked_child")
    client = runtime.connect()
    (child,) = client.call(1, {}).items
    runtime.process.kill()

    client.wait_until_closed()
    watched = os.pidfd_open(child)
    os.kill(child, signal.SIGTERM)
    ended, _, _ = select.select([watched], [], [], PATIENCE)
    os.close(watched)
    assert ended
