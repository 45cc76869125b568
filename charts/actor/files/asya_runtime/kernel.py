

from __future__ import annotations

import os
import signal

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def adopt_orphans() -> None:

    if os.getpid() != 1:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with(parent: int) -> None:

    if parent != 1:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _prctl(option: int, value: int) -> None:

    try:
        import ctypes

        ctypes.CDLL(None).prctl(option, int(value), 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return
