"""What the supervisor looks after beyond the ends of workers, and that a drain always comes to its end."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
import time

import pytest

from asya_runtime import frames
from images.runtime.tests.driver import invoke_frame
from images.runtime.tests.judged import worker_of

IGNORE_CHILDREN = (
    "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
)


def wait(runtime, seconds):
    """Wait while the runtime lives."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        raise AssertionError(runtime.process.wait(seconds))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("size", [0, 1030])
def test_a_handler_that_cuts_the_file_short_ends_its_worker_alone(start, size):
    runtime = start("stubborn.process")
    client = runtime.connect()
    client.invoke(1, {"do": "cut", "size": size})
    report = client.report()

    assert report["reason"] == "exit"
    assert report["detail"] == "the handler has cut the file runtime-running short, so the worker was ended"
    runtime.wait_until_restarted()
    assert runtime.connect().call(1, {"do": "rest"}).items == ["rested"]


@pytest.mark.parametrize("name", ["asya-runtime.sock", "runtime-ready"])
def test_a_socket_that_was_removed_is_made_again(start, folder, name):
    runtime = start("stubborn.process")
    client = runtime.connect()
    assert client.call(1, {"do": "remove", "name": name}).items == ["removed"]
    runtime.wait_for((folder / name).exists)
    runtime.wait_until_ready()

    again = runtime.connect()
    assert again.inode == client.inode
    assert again.call(1, {"do": "rest"}).items == ["rested"]
    runtime.terminate()
    again.close()
    assert runtime.finish()[0] == 0
    assert names(folder) == []


@pytest.mark.parametrize("make", ["mkfifo", "mkdir", "ln -s /nowhere"])
def test_what_stands_at_the_names_of_unfinished_files_does_no_harm(start, folder, make):
    script = f'for name in ready running; do {make} "$ASYA_SOCKET_DIR/runtime-$name.$$"; done; exec "$@"'
    runtime = start("functions.echo", prefix=["sh", "-c", script, "sh"])

    assert runtime.connect().call(1, {}).items == [{}]
    assert stat.S_ISREG((folder / "runtime-ready").stat().st_mode)


def test_a_parent_that_ignores_its_children_does_not_blind_the_supervisor(start):
    runtime = start("hostile.process", prefix=[sys.executable, "-Ic", IGNORE_CHILDREN])
    client = runtime.connect()
    client.invoke(1, {"do": "leave", "code": 3})

    assert client.report()["detail"] == "the worker exited with code 3"


def test_a_slow_handler_costs_no_processor_time(start, folder):
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    runtime = start("functions.wait_for_file")
    client = runtime.connect()
    client.invoke(1, {"pipe": str(pipe)})
    assert runtime.line() == "waiting"
    wait(runtime, 1.3)
    before = processor_seconds(worker_of(runtime))
    wait(runtime, 0.6)

    assert processor_seconds(worker_of(runtime)) - before < 0.1
    pipe.write_text("")
    assert client.answer(1).items == [{"pipe": str(pipe)}]


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_paused_clock_goes_on_where_it_stopped(start):
    """The handler waits for us from 2.7 s to 3.2 s, and so is past its 3 s at 3.5 s."""
    runtime = start("stubborn.yield_late")
    client = runtime.connect()
    client.invoke(1, {"seconds": 2.7}, timeout_ms=3000)
    wait(runtime, 3.2)
    began = time.monotonic()

    assert client.answer(1).error["code"] == "timeout_error"
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("handler", ["hostile.process", "hostile.aprocess"])
def test_a_worker_that_ends_in_a_drain_of_the_sidecar_is_not_followed(start, folder, handler):
    runtime = start(handler)
    client = runtime.connect()
    client.socket.sendall(frames.encode(frames.DRAIN, 0) + invoke_frame(1, {"do": "leave", "code": 3}))

    assert client.report()["reason"] == "exit"
    assert runtime.finish()[0] == 0
    assert names(folder) == []


def test_a_signal_while_the_handler_is_loaded_again_ends_in_good_order(start, folder):
    os.mkfifo(folder / "pipe")
    runtime = start("slow_import.process", wait=False, PIPE=str(folder / "pipe"))
    assert runtime.line() == "importing"
    (folder / "pipe").write_text("")
    runtime.wait_until_ready()
    os.kill(worker_of(runtime), signal.SIGKILL)
    assert runtime.line() == "importing"
    runtime.terminate()

    assert runtime.finish()[0] == 0
    assert names(folder) == ["pipe"]


def test_a_signal_between_two_workers_ends_in_good_order(start, folder):
    runtime = start("functions.echo")
    for _ in range(4):  # each pause is twice as long as the one before
        runtime.wait_until_ready()
        os.kill(worker_of(runtime), signal.SIGKILL)
        runtime.wait_for(lambda: not (folder / "runtime-ready").exists())
    runtime.terminate()

    assert runtime.finish()[0] == 0
    assert names(folder) == []


@pytest.mark.parametrize(("act", "told"), [("block_later", "left"), ("keep_generator", 1)])
def test_a_drain_ends_though_the_worker_does_not(start, folder, act, told):
    runtime = start("stubborn.aprocess")
    client = runtime.connect()
    assert client.call(1, {"do": act}).items == [told]
    wait(runtime, 0.2)
    runtime.terminate()

    assert runtime.finish()[0] == 0
    assert names(folder) == []
