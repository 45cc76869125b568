"""Work in a child process, so that one that crashes or ends itself is noticed, and its threads hold nobody up."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from asya_cli.errors import FAILED, INTERRUPTED, CliError, tell
from asya_cli.local.orphans import killed_with_parent

_LINGER = 1.0
"""Seconds that whatever the work has left, such as a thread, may take to end."""


class ProcessEndedError(CliError):
    """The child ended before its work did; `how` says in which way."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


def run_in_child(work: Callable[[Callable[[int], None]], int]) -> int:
    """Run `work` in a forked process and return its exit code. Raises ProcessEndedError when it did not come so far.

    `work` is given a function that it may call with an exit code where it ends its process by itself. CliError that it
    raises is told as ever. Call it before any thread is started.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    with_parent = killed_with_parent()
    report, mark = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(report)
        with_parent()
        _work(work, mark)
    os.close(mark)
    status = _wait(child)
    os.set_blocking(report, False)  # a process that the work has left may hold the other end
    with os.fdopen(report, "rb", buffering=0) as reported:
        if code := reported.read(1):
            return code[0]
    raise ProcessEndedError(_described(os.waitstatus_to_exitcode(status)))


def _work(work: Callable[[Callable[[int], None]], int], mark: int) -> None:
    """Do the work, say that it is done, and end in order; whatever still runs a second later dies."""

    def done(code: int) -> None:
        os.write(mark, bytes([code]))

    code = _exit_code(work, done)
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    done(code)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, _LINGER)
    sys.exit(code)


def _exit_code(work: Callable[[Callable[[int], None]], int], done: Callable[[int], None]) -> int:
    try:
        return work(done)
    except CliError as error:
        return tell(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return FAILED


def _wait(child: int) -> int:
    """Wait for the child's end. Ctrl-C is the child's to answer, which gets it too; SIGTERM is passed on."""

    def pass_on(number: int, _: FrameType | None) -> None:
        os.kill(child, number)

    before = signal.signal(signal.SIGINT, signal.SIG_IGN), signal.signal(signal.SIGTERM, pass_on)
    try:
        return os.waitpid(child, 0)[1]
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])


def _described(code: int) -> str:
    if code >= 0:
        return f"exit {code}"
    with suppress(ValueError):
        return f"signal {-code}, {signal.Signals(-code).name}"
    return f"signal {-code}"
