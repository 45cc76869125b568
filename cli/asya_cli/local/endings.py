"""How a process ended, and what a run has left, in words."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

TAIL_LINES = 25
"""Lines of a log that are shown when its process fails."""

_TAIL_BYTES = 16384

MEMORY_ALONE = "this broker keeps messages in memory alone"


def describe_exit(code: int) -> str:
    """Return what an exit code says, as the rest of a sentence about a process."""
    if code < 0:
        with suppress(ValueError):
            return f"was killed by {signal.Signals(-code).name}"
        return f"was killed by signal {-code}"
    return f"ended with {code}"


def last_lines(log: Path) -> list[str]:
    """Return the last lines of a log; none when there is no such file."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return file.read().decode("utf-8", "replace").splitlines()[-TAIL_LINES:]
    except OSError:
        return []


def describe_waiting(waiting: Mapping[str, int], *, is_forgetful: bool = False) -> Iterator[str]:
    """Yield a line for each queue that holds messages at the end of a run; they are gone with a forgetful broker."""
    for queue, count in waiting.items():
        if is_forgetful:
            yield f"{count} {'message is' if count == 1 else 'messages are'} gone from {queue}; {MEMORY_ALONE}"
        else:
            yield f"{count} {'message waits' if count == 1 else 'messages wait'} in {queue} for the next up"
