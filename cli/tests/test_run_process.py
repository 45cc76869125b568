"""What `asya run` makes of a handler that ends its process, stays, or leaves something behind."""

import os
import signal
import subprocess
import sys

import pytest

from cli.tests.supervised import wait_dead

HANDLERS = """
import atexit
import os
import signal
import sys
import threading
import time


def vanish(payload):
    os._exit(payload)


def crash(payload):
    os.kill(os.getpid(), 11)


def linger(payload):
    threading.Thread(target=time.sleep, args=(600,)).start()
    atexit.register(print, "last words", file=sys.stderr)
    return payload


def fork(payload):
    if os.fork() == 0:
        time.sleep(600)
    return payload


def block(payload):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    time.sleep(600)


def where(payload):
    print(os.getpid(), flush=True)
    time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "handlers.py").write_text(HANDLERS)
    return tmp_path


def started(folder, handler, **options):
    command = [sys.executable, "-P", "-m", "asya_cli", "run", handler, "1"]
    return subprocess.Popen(command, cwd=folder, start_new_session=True, **options)


def finished(folder, *arguments):
    command = [sys.executable, "-P", "-m", "asya_cli", "run", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_a_handler_that_does_not_come_back_to_python_is_ended_too(folder):
    done = finished(folder, "handlers.block", "{}", "--timeout", "0.1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "in block" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: the handler still ran after 0.1 s, at the place shown above")


@pytest.mark.parametrize(
    ("handler", "payload", "how"),
    [("vanish", "9", "exit 9"), ("vanish", "0", "exit 0"), ("crash", "0", "signal 11, SIGSEGV")],
)
def test_a_handler_that_ends_the_process_is_noticed(folder, handler, payload, how):
    done = finished(folder, f"handlers.{handler}", payload)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: the handler ended the process ({how}); no result is left of that; look for")


def test_a_thread_that_the_handler_leaves_does_not_hold_the_command_up(folder):
    done = finished(folder, "handlers.linger", "1")
    assert (done.returncode, done.stdout) == (0, "1\n")


def test_a_process_that_the_handler_leaves_does_not_hide_its_result(folder):
    with started(folder, "handlers.fork") as process:
        assert process.wait(60) == 0
        os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_handler_does_not_outlive_the_command(folder, number):
    with started(folder, "handlers.where", stderr=subprocess.PIPE) as process:
        pid = int(process.stderr.readline())
        process.send_signal(number)
        wait_dead(pid)


def test_ctrl_c_ends_the_handler(folder):
    with started(folder, "handlers.where", stderr=subprocess.PIPE) as process:
        process.stderr.readline()
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 130
