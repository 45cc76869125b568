

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from itertools import count

_HIGH = 400
_lifted = count(_HIGH)


def lift(descriptor: int) -> int:





    with suppress(OSError):
        high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, next(_lifted))
        os.close(descriptor)
        return high
    return descriptor
