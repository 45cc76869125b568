"""File descriptors that stay out of the way of the user's code, which may close what it did not open."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

_HIGH = (400, 100)  # new descriptors get the lowest free number, and code that closes many begins with the lowest


def lift(descriptor: int) -> int:
    """Give an open file a high number, which children do not inherit, instead of `descriptor`; return the number.

    Where the limit of open files leaves no high number, the descriptor keeps its own.
    """
    for least in _HIGH:
        with suppress(OSError):
            high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, least)
            os.close(descriptor)
            return high
    return descriptor
