"""Our own lines on stderr. They are dropped rather than waited for: the pipe may be full, and nobody reading."""

from __future__ import annotations

import os
import select
import time

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


class Console:
    """The supervisor's log. It looks like that of the worker, without the memory that the module logging takes."""

    def __init__(self, level: str) -> None:
        self._least = _LEVELS[level]

    def say(self, level: str, sentence: str) -> None:
        """Write one line, if lines of this level are wanted."""
        if _LEVELS[level] >= self._least:
            now = time.time()
            moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
            write(f"{moment}.{int(now * 1000) % 1000:03d}Z {level} asya_runtime: {sentence}")
