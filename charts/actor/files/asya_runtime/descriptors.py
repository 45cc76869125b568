

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

_HIGH = (400, 100)  # new descriptors get the lowest free number, and code that closes many begins with the lowest


def lift(descriptor: int) -> int:




    for least in _HIGH:
        with suppress(OSError):
            high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, least)
            os.close(descriptor)
            return high
    return descriptor
