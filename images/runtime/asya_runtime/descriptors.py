"""File descriptors that stay out of the way of the user's code, which may close what it did not open."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from itertools import count

NOT_OURS = (errno.EBADF, errno.ENOTSOCK, errno.EINVAL)
"""Errors of a socket whose number somebody has closed, or given to another file."""

_HIGH = 400  # new descriptors get the lowest free number, and code that closes many begins with the lowest
_lifted = count(_HIGH)


def lift(descriptor: int) -> int:
    """Give an open file a high number, which children do not inherit, instead of `descriptor`; return the number.

    No number is given twice: what was closed behind our back must not be taken for another file. Where the limit of
    open files leaves no such number, the descriptor keeps its own.
    """
    with suppress(OSError):
        high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, next(_lifted))
        os.close(descriptor)
        return high
    return descriptor
