"""The parts of supervisor and worker that look after each other, in this process."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import socket
import subprocess
import sys

import pytest

from asya_runtime import channel, console, worker_process
from asya_runtime.channel import Channel
from asya_runtime.descendants import is_below
from asya_runtime.door import Door
from asya_runtime.errors import StartError
from asya_runtime.slots import Slots
from asya_runtime.worker_process import ALIVE, ASK, DRAIN, READY, Post, WorkerProcess
from images.runtime.tests.driver import PATIENCE

SECOND = 10**9


@pytest.fixture
def slots(folder):
    made = Slots(str(folder), 1)
    made.share()
    yield made
    made.close()


@pytest.fixture
def pair():
    """Both ends of a channel."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.settimeout(PATIENCE)
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture
def worker(pair, slots):
    """A hold on a worker that is ready, which is this process, and the worker's end of the channel."""
    ours, theirs = pair
    held = WorkerProcess(os.getpid(), ours, slots)
    theirs.send(READY)
    assert held.hear() == READY
    return held, theirs


def deaf_after(held, *, stopping, moments=range(100)):
    """Return the second in which the worker is given up."""
    return next((moment for moment in moments if held.is_deaf((1000 + moment) * SECOND, stopping=stopping)), None)


@pytest.mark.parametrize(("stopping", "seconds"), [(False, 30), (True, 6)])
def test_a_worker_that_runs_nothing_and_answers_nothing_is_given_up(worker, stopping, seconds):
    held, theirs = worker

    assert deaf_after(held, stopping=stopping) == seconds
    assert theirs.recv(16) == ASK
    assert theirs.recv(16) == (DRAIN if stopping else ASK)


def test_a_worker_that_answers_is_not_given_up(worker):
    held, theirs = worker
    for moment in range(100):
        assert not held.is_deaf((1000 + moment) * SECOND, stopping=False)
        if moment % 20 == 0:
            theirs.send(ALIVE)
            held.hear()


def test_a_worker_whose_place_is_taken_is_left_to_its_deadline(worker, slots):
    held, _ = worker
    slots.words[slots.places[0]] = 7

    assert deaf_after(held, stopping=False) is None


def test_a_pause_of_both_processes_is_not_taken_for_silence(worker):
    held, _ = worker

    assert deaf_after(held, stopping=False, moments=(0, 3600, 7200)) is None


def test_what_is_not_known_is_not_kept(worker):
    held, theirs = worker
    ready_at = held.ready_at
    for message in (b"forged", b"more", READY):
        theirs.send(message)
        held.hear()

    assert (held.told, held.ready_at) == ({READY}, ready_at)


def test_a_door_that_is_open_is_not_opened_again(folder):
    door = Door(str(folder))
    door.open()
    before = (folder / "asya-runtime.sock").stat().st_ino
    door.open()

    assert (folder / "asya-runtime.sock").stat().st_ino == before
    door.close()
    assert list(folder.iterdir()) == []


def test_a_worker_that_can_not_be_forked_is_told(slots):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        with pytest.raises(StartError, match="no worker can be forked: Too many open files; raise the limit"):
            worker_process.fork(slots, careful=False)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize(("seconds", "careful"), [(60.0, True), (0.0, False)])
def test_a_careful_worker_is_so_for_a_while(pair, slots, monkeypatch, seconds, careful):
    monkeypatch.setattr(channel, "_CAREFUL_SECONDS", seconds)
    line = Channel(Post(pair[1], slots, careful=True))
    line.check()

    assert line.is_careful == careful
    line.forget()


def test_our_way_into_a_pipe_never_waits_and_leaves_that_of_others_alone():
    reader, writer = os.pipe()
    ours = console.unwaiting(writer)
    with contextlib.suppress(BlockingIOError):
        while os.write(ours, b"x" * 4096):
            pass

    assert os.get_blocking(writer)
    for descriptor in (reader, writer, ours):
        os.close(descriptor)


def test_a_file_is_written_to_as_it_was_opened(tmp_path):
    with (tmp_path / "log").open("w") as file:
        assert console.unwaiting(file.fileno()) == file.fileno()


def test_a_file_that_was_cut_short_has_what_is_left(slots, folder):
    slots.words[slots.places[0]] = 7
    assert slots.is_whole
    os.truncate(folder / "runtime-running", 1030)

    assert not slots.is_whole
    assert slots.taken() == []
    slots.report("exit", "cut", 1)
    assert json.loads((folder / "runtime-running").read_bytes()[:1024].rstrip(b"\0"))["detail"] == "cut"


def test_a_report_replaces_all_that_stood_in_its_place(slots, folder):
    with (folder / "runtime-running").open("r+b") as file:
        file.write(b"{" * 1024)
    slots.report("exit", "cut", 1)

    assert json.loads((folder / "runtime-running").read_bytes()[:1024].rstrip(b"\0"))["reason"] == "exit"


def test_who_has_gone_is_below_process_1_alone():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    assert is_below(gone.pid, 1)
    assert not is_below(gone.pid, os.getpid())
    assert is_below(os.getpid(), os.getppid())
    assert not is_below(os.getppid(), os.getpid())
