"""How the process ends: drained, at once, or at a timeout."""

from __future__ import annotations

import os
import select
import signal
import subprocess

import pytest

from asya_runtime import frames
from images.runtime.tests.driver import PATIENCE, invoke_frame


@pytest.fixture
def pipe(folder):
    path = folder / "pipe"
    os.mkfifo(path)
    return path


@pytest.fixture
def busy(start, pipe):
    """A runtime whose handler runs for request 1 until the pipe is opened, and its client."""
    runtime = start("functions.wait_for_file")
    client = runtime.connect()
    client.invoke(1, {"pipe": str(pipe)})
    assert runtime.line() == "waiting"
    return runtime, client


def files(runtime):
    return sorted(path.name for path in runtime.socket_dir.iterdir() if path.name != "pipe")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_without_a_sidecar_a_signal_ends_the_process(start, number):
    runtime = start("functions.echo")
    runtime.process.send_signal(number)

    assert runtime.finish()[0] == 0
    assert files(runtime) == []


def test_a_signal_drains_while_the_handler_runs(busy, pipe):
    runtime, client = busy
    client.invoke(2, {"waited": True})
    runtime.terminate()
    client.other(frames.DRAIN)
    client.invoke(3, {"crossed": True})
    pipe.write_text("")

    assert client.answer(1).items == [{"pipe": str(pipe)}]
    assert client.answer(2).items == [{"waited": True}]
    assert client.answer(3).items == [{"crossed": True}]
    client.close()
    assert runtime.finish()[0] == 0
    assert files(runtime) == []


def test_a_drain_of_an_idle_runtime_waits_for_the_sidecar_to_close(start):
    runtime = start("functions.echo")
    client = runtime.connect()
    client.call(1, {})
    runtime.terminate()
    client.other(frames.DRAIN)

    assert client.call(2, {"late": True}).items == [{"late": True}]
    client.close()
    assert runtime.finish()[0] == 0


def test_a_drain_ends_when_the_sidecar_keeps_silent(start):
    runtime = start("functions.echo")
    client = runtime.connect()
    runtime.terminate()
    client.other(frames.DRAIN)

    client.wait_until_closed()
    assert runtime.finish()[0] == 0


def test_a_drain_that_the_sidecar_asks_for_is_not_answered_by_another(busy, pipe):
    runtime, client = busy
    client.send(frames.DRAIN)
    client.send(frames.PING)
    client.other(frames.PONG)
    pipe.write_text("")

    assert client.answer(1).items == [{"pipe": str(pipe)}]
    client.close()
    assert runtime.finish()[0] == 0
    assert client.others == []


def test_a_drain_outlives_the_connection_while_the_handler_runs(busy, pipe):
    runtime, client = busy
    runtime.terminate()
    client.other(frames.DRAIN)
    client.close()
    again = runtime.connect()
    again.other(frames.DRAIN)
    assert runtime.process.poll() is None
    pipe.write_text("")
    again.close()

    assert runtime.finish()[0] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once(busy, number):
    """By a handler, since the kernel withholds from process 1, as in a container, what has none."""
    runtime, client = busy
    runtime.terminate()
    client.other(frames.DRAIN)
    runtime.process.send_signal(number)

    assert runtime.finish()[0] == 128 + number


@pytest.mark.parametrize("concurrency", ["1", "2"])
def test_a_handler_past_its_timeout_ends_the_worker_and_the_next_one_serves(start, pipe, concurrency):
    runtime = start("functions.wait_for_file", ASYA_CONCURRENCY=concurrency)
    client = runtime.connect()
    requests = [invoke_frame(1, {"pipe": str(pipe)}, timeout_ms=50)]
    requests += [invoke_frame(request, {"pipe": str(pipe)}) for request in (2, 3)]
    client.socket.sendall(b"".join(requests))
    report = client.report()

    assert report["reason"] == "timeout"
    assert report["detail"] == "a handler ran past its timeout, so the worker was ended"
    assert client.late() == [1]
    assert client.running() == ([1] if concurrency == "1" else [1, 2])
    runtime.wait_until_restarted()
    assert runtime.connect().call(1, {"next": True}).items == [{"next": True}]
    runtime.terminate()
    code, errors = runtime.finish()
    assert code == 0
    assert "in wait_for_file" in errors


def test_a_timeout_holds_for_what_runs_for_a_sidecar_that_is_gone(start, pipe):
    runtime = start("functions.wait_for_file")
    client = runtime.connect()
    client.invoke(1, {"pipe": str(pipe)}, timeout_ms=300)
    assert runtime.line() == "waiting"
    client.close()

    runtime.wait_until_restarted()


def test_the_timeout_counts_from_the_start_of_the_handler(busy, pipe):
    runtime, client = busy
    client.invoke(2, {"waited": True}, timeout_ms=1000)
    client.send(frames.PING)
    client.other(frames.PONG)
    client.invoke(3, {"waited": True}, timeout_ms=1)
    pipe.write_text("")

    assert client.answer(1).items == [{"pipe": str(pipe)}]
    assert client.answer(2).items == [{"waited": True}]
    assert client.answer(3).items == [{"waited": True}]
    assert runtime.process.poll() is None


@pytest.mark.parametrize(
    "handler", ["functions.yield_for_ever", "coroutines.yield_for_ever", "coroutines.plain_generator_for_ever"]
)
def test_a_generator_that_waits_for_the_sidecar_is_not_past_its_timeout(start, handler):
    runtime = start(handler)
    client = runtime.connect()
    client.invoke(1, {}, timeout_ms=1000)
    client.item(1, 0)

    with pytest.raises(subprocess.TimeoutExpired):  # nothing is read meanwhile
        runtime.process.wait(2.5)
    client.send(frames.CANCEL, 1)
    assert client.answer(1).error["code"] == "cancelled_error"


def test_another_runtime_in_the_folder_keeps_its_files(start):
    earlier = start("functions.echo")
    (earlier.socket_dir / "runtime-ready").rename(earlier.socket_dir / "ready-of-the-earlier")
    start("functions.echo")
    earlier.terminate()

    assert earlier.finish()[0] == 0
    assert {"asya-runtime.sock", "runtime-ready", "runtime-running"} <= set(files(earlier))


@pytest.mark.parametrize("act", ["sleep", "hold_the_interpreter"])
def test_a_worker_ends_with_its_supervisor(start, act):
    runtime = start("hostile.process")
    client = runtime.connect()
    (told,) = client.call(1, {"do": "who"}).items
    client.invoke(2, {"do": act})
    runtime.wait_for(lambda: client.running() == [2])
    watched = os.pidfd_open(told["pid"])
    runtime.process.kill()

    ended, _, _ = select.select([watched], [], [], PATIENCE)
    os.close(watched)
    assert ended
    assert client.report() is None
    assert client.running() == [2]
