"""Our own lines on stderr. They are dropped rather than waited for: the pipe may be full, and nobody reading.

The module logging would take as much memory as half of the supervisor, and share its settings with the user's code.
"""

from __future__ import annotations

import os
import select
import stat
import time
from contextlib import suppress

from asya_runtime.descriptors import lift

STDERR = 2

_LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
_AT_ONCE = 4096  # a pipe that is ready for writing takes as much without waiting


def write(line: str, descriptor: int = STDERR) -> None:
    """Write `line` with its end in one piece, or drop it where that would wait or can't be done."""
    data = line.encode("utf-8", "backslashreplace")[: _AT_ONCE - 1] + b"\n"
    try:
        waiting = select.poll()
        waiting.register(descriptor, select.POLLOUT)
        if any(event & select.POLLOUT for _, event in waiting.poll(0)):
            os.write(descriptor, data)
    except OSError:  # whoever read it has gone
        return


def unwaiting(descriptor: int) -> int:
    """Return a way of our own into the pipe that `descriptor` is, which never waits; else `descriptor` itself.

    Who shares a pipe may fill it between a look at it and the write; and its flags are theirs, too.
    """
    with suppress(OSError):
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            return lift(os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    return descriptor


class Log:
    """The log of the supervisor, and of the worker. A line is `sentence % values`; it holds no payload."""

    def __init__(self) -> None:
        self._least = _LEVELS["INFO"]
        self._descriptor = STDERR

    def begin(self, level: str, descriptor: int = STDERR) -> None:
        """Write lines of this level and above to `descriptor` from now on."""
        self._least = _LEVELS[level]
        self._descriptor = unwaiting(descriptor)

    def info(self, sentence: str, *values: object) -> None:
        """Write what is worth knowing."""
        self._write("INFO", sentence, values)

    def warning(self, sentence: str, *values: object) -> None:
        """Write what went wrong for one message."""
        self._write("WARNING", sentence, values)

    def error(self, sentence: str, *values: object) -> None:
        """Write what went wrong for more than one."""
        self._write("ERROR", sentence, values)

    def _write(self, level: str, sentence: str, values: tuple[object, ...]) -> None:
        if _LEVELS[level] >= self._least:
            now = time.time()
            moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
            line = f"{moment}.{int(now * 1000) % 1000:03d}Z {level} asya_runtime: {sentence % values}"
            write(line, self._descriptor)


log = Log()
