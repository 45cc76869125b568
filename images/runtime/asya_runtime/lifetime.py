"""How the process lives and ends: what runs now, the drain after a signal, the end at a timeout."""

from __future__ import annotations

import faulthandler
import logging
import mmap
import os
import signal
import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import monotonic
from types import FrameType

from asya_runtime.errors import EXIT_TIMEOUT, TIMEOUT, InvocationError
from asya_runtime.session import Job, Session

log = logging.getLogger("asya_runtime")

RUNNING_NAME = "runtime-running"
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
QUIET_SECONDS = 1.0  # a drain is over when nothing is outstanding and no frame has come for so long

_SLOT = struct.Struct(">Q")
_MODE = 0o660


class Running:
    """The jobs whose handler runs, and a file of one slot for each that may run at once.

    A slot holds the number of the request, 0 where it is free (`docs/reference/protocol.md`, Running requests). The
    file is mapped into memory, so that noting a job costs no system call and the note outlives a killed process.
    """

    def __init__(self, folder: str, slots: int) -> None:
        self.path = os.path.join(folder, RUNNING_NAME)
        self.jobs: dict[Job, int] = {}
        self._free = list(range(0, slots * _SLOT.size, _SLOT.size))
        temporary = f"{self.path}.{os.getpid()}"
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC, _MODE)
        try:
            os.fchmod(descriptor, _MODE)
            os.ftruncate(descriptor, slots * _SLOT.size)
            self._map = mmap.mmap(descriptor, slots * _SLOT.size)
            self._inode = os.fstat(descriptor).st_ino
        finally:
            os.close(descriptor)
        os.rename(temporary, self.path)

    def add(self, job: Job) -> None:
        """Note that the handler starts for `job`."""
        offset = self._free.pop()
        _SLOT.pack_into(self._map, offset, job.request)
        self.jobs[job] = offset
        job.start()

    def discard(self, job: Job) -> None:
        """Note that the handler has ended for `job`."""
        offset = self.jobs.pop(job)
        _SLOT.pack_into(self._map, offset, 0)
        self._free.append(offset)

    def hide(self, session: Session) -> None:
        """Free the slots of a session whose connection is over: its numbers mean nothing on the next one."""
        for job, offset in list(self.jobs.items()):
            if job.session is session:
                _SLOT.pack_into(self._map, offset, 0)

    def close(self) -> None:
        """Remove the file, unless another runtime has put its own there: the process ends in good order."""
        with suppress(OSError):
            if os.stat(self.path).st_ino == self._inode:
                os.unlink(self.path)


def on_stop(callback: Callable[[], None], wake_descriptor: int = -1) -> None:
    """Call `callback` at the first SIGTERM or SIGINT; the second ends the process at once.

    `wake_descriptor` gets a byte at every signal, also while the main thread is not running Python.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        leave_at_signal()
        callback()

    for number in STOP_SIGNALS:
        signal.signal(number, stop)
    signal.set_wakeup_fd(wake_descriptor, warn_on_full_buffer=False)


def leave_at_signal() -> None:
    """Let the next signal end the process at once, also where it has process id 1 and so no default for signals."""

    def leave(number: int, _frame: FrameType | None) -> None:
        os._exit(128 + number)

    for number in STOP_SIGNALS:
        signal.signal(number, leave)


def in_child(forget: Callable[[], None]) -> None:
    """Have every child that user code forks give up the sockets and the signals, which belong to this process.

    A child that held the connection would hide from the sidecar that the runtime has ended, and one that kept our
    signal handlers could not be terminated.
    """

    def after_fork() -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        forget()

    os.register_at_fork(after_in_child=after_fork)


def overdue(jobs: Iterable[Job], grace_seconds: float = 0.0) -> list[Job]:
    """Return the jobs that run longer than `grace_seconds` past their deadline."""
    late = monotonic() - grace_seconds
    return [job for job in list(jobs) if job.deadline <= late]


def timed_out(job: Job) -> InvocationError:
    """Return the answer to a request that was past its timeout."""
    return InvocationError(TIMEOUT, f"the handler was ended after {job.timeout:g} s, its timeout")


def report_overdue(jobs: list[Job], session: Session | None) -> None:
    """Put the answers of overdue jobs and the end of the worker into the session; the caller sends and leaves."""
    for job in jobs:
        log.error("%s ran past its timeout of %g s and can't be ended alone; the runtime ends", job, job.timeout)
        job.session.fail(job, timed_out(job))
    if session is not None:
        session.worker_ended("timeout", "a handler ran past its timeout, so its process ended")


def leave_overdue() -> None:
    """Show on stderr where every thread stands, and end the process without waiting for the handler."""
    faulthandler.dump_traceback(all_threads=True)
    os._exit(EXIT_TIMEOUT)
