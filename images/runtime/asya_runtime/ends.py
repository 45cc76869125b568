"""Why a worker ended, as the file of what runs and the log say it. No I/O here."""

from __future__ import annotations

import os
import signal
from typing import NamedTuple

from asya_runtime.errors import EXIT_DESCRIPTORS, EXIT_HANDLER

CRASH, EXIT, MEMORY, TIMEOUT = "crash", "exit", "memory", "timeout"
STOP = "stop"  # asked for from outside: nobody is told

KILLED = 128 + signal.SIGKILL  # the exit code after that signal

_MIB = 1 << 20


class End(NamedTuple):
    """The end of a worker.

    `reason` is one of those above, `detail` a sentence for people. `exit_code` is that of the runtime, where the worker
    ends before it was ready. `dump`: first have it show where it stands.
    """

    reason: str
    detail: str
    exit_code: int = EXIT_HANDLER
    dump: bool = False


LATE = End(TIMEOUT, "a handler ran past its timeout, so the worker was ended", dump=True)
STUCK = End(
    CRASH,
    "a handler ran past its timeout, and one of several keeps the worker from running, so the worker was ended",
    dump=True,
)
DEAF = End(CRASH, "the worker ran nothing and gave no sign of life, so it was ended", dump=True)
CUT = End(EXIT, "the handler has cut the file runtime-running short, so the worker was ended")
SILENT = End(EXIT, "the worker let go of its connection to the supervisor, as by closing all file descriptors")
LINGERED = End(EXIT, "the worker was drained but did not end, as with a thread that is not a daemon")


def by_itself(how: int, status: int) -> End:
    """Return the end of a worker that waitid() describes by `si_code` and `si_status`."""
    if how != os.CLD_EXITED:
        return End(CRASH, f"the worker ended by signal {status}{_name(status)}", 128 + status)
    if status == EXIT_DESCRIPTORS:
        detail = "the worker found that file descriptors were closed which it needs, so it exited"
        return End(EXIT, detail, EXIT_DESCRIPTORS)
    return End(EXIT, f"the worker exited with code {status}", status or EXIT_HANDLER)


def of_memory(used: int, limit: int) -> End:
    """Return the end of a worker that was about to exceed the container's memory limit; sizes in bytes."""
    return End(MEMORY, f"the worker was ended at {used // _MIB} MiB of memory; the limit is {limit // _MIB} MiB")


def _name(number: int) -> str:
    try:
        return f" ({signal.Signals(number).name})"
    except ValueError:
        return ""
