"""More of what handlers may do to their process; on the Python of development alone."""

from __future__ import annotations

import signal

import pytest

from images.runtime.tests.judged import ASYNC, LATE, SYNC, alive, cases, noted, outcomes, suffer

ACTS = [
    ("stop_itself", LATE, "timeout", None),
    ("leave", {"code": 0}, "exit", "exit"),
    ("leave", {"code": 76}, "exit", "exit"),
    ("exit_later", {}, "exit", "exit"),
    ("end_itself", {"signal": signal.SIGKILL}, "crash", "crash"),
    ("end_itself", {"signal": signal.SIGTERM}, "crash", "crash"),
    ("end_itself", {"signal": signal.SIGINT}, "crash", "crash"),
    ("leave_children", {}, ["left"], ["left"]),
    ("fork_and_return", {}, ["parent"], ["parent"]),
    ("fork_and_raise", {}, ["parent"], ["parent"]),
    ("fork_and_wait", {}, None, ["parent"]),
    ("close_output", {}, ["closed"], ["closed"]),
    ("print_for_ever", {"to": 2, **LATE}, "timeout", None),
    ("signal_parent", {"signal": signal.SIGTERM}, ["sent"], ["sent"]),
    ("signal_parent", {"signal": signal.SIGINT}, ["sent"], ["sent"]),
    ("signal_parent", {"signal": signal.SIGHUP}, ["sent"], ["sent"]),
    ("change_signals", {}, ["changed"], ["changed"]),
    ("change_surroundings", {}, ["changed"], ["changed"]),
    ("run_pool", {}, [1, 2], [1, 2]),
    ("raise_strange", {}, "processing_error", "processing_error"),
    ("stop_loop", {}, None, "exit"),
]
MODES = [(SYNC, "1"), (SYNC, "32"), (ASYNC, "32")]


@pytest.mark.parametrize(("handler", "concurrency", "payload", "expected"), cases(ACTS, MODES))
def test_an_act_has_its_outcome_and_nobody_else_suffers(start, tmp_path, handler, concurrency, payload, expected):
    runtime = start(handler, ASYA_CONCURRENCY=concurrency)
    suffer(runtime, payload, expected, tmp_path / "pids")

    runtime.terminate()
    assert runtime.process.wait(20) == 0
    assert alive(noted(tmp_path / "pids")) == []


@pytest.mark.parametrize("handler", [SYNC, ASYNC])
@pytest.mark.parametrize("seed", range(6))
def test_descriptors_closed_at_random_lose_no_message(start, handler, seed, tmp_path):
    runtime = start(handler, ASYA_CONCURRENCY="4")

    suffer(runtime, {"do": "close_some", "seed": seed}, None, tmp_path / "pids")


def test_a_worker_without_room_for_a_connection_is_replaced(start):
    runtime = start(SYNC)
    client = runtime.connect()
    assert client.call(1, {"do": "take_all_descriptors"}).items == ["taken"]
    again = runtime.connect_to_next()

    assert again.call(1, {"do": "rest"}).items == ["rested"]


def test_a_thread_that_never_ends_holds_up_no_drain(start):
    runtime = start(SYNC)
    client = runtime.connect()
    assert client.call(1, {"do": "start_threads"}).items == ["started"]
    client.close()
    runtime.terminate()

    assert runtime.process.wait(20) == 0


@pytest.mark.parametrize("handler", [SYNC, ASYNC])
def test_closed_output_fails_nobody_who_prints_and_is_charged_to_who_does_it_again(start, handler):
    runtime = start(handler)
    assert outcomes(runtime, {1: {"do": "close_output"}}) == {1: ["closed"]}
    assert outcomes(runtime, {2: {"do": "say"}}) == {2: ["said"]}

    assert outcomes(runtime, {3: {"do": "close_output"}}) == {3: "exit"}
    assert outcomes(runtime, {4: {"do": "say"}}) == {4: ["said"]}
    assert runtime.process.poll() is None
