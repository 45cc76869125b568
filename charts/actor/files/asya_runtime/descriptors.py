

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from itertools import count

NOT_OURS = (errno.EBADF, errno.ENOTSOCK, errno.EINVAL)
"""Errors of a socket whose number somebody has closed, or given to another file."""

_HIGH = 400
_lifted = count(_HIGH)


def lift(descriptor: int) -> int:





    with suppress(OSError):
        high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, next(_lifted))
        os.close(descriptor)
        return high
    return descriptor
