"""What the kernel does for process 1 of a container, asked for where the supervisor is not process 1."""

from __future__ import annotations

import os
import signal

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h


def adopt_orphans() -> None:
    """Have descendants whose parent has ended become children of this process."""
    if os.getpid() != 1:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with(parent: int) -> None:
    """Have this process, a child of `parent`, end when `parent` does."""
    if parent != 1:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it has ended before the kernel was asked
            os._exit(1)


def _prctl(option: int, value: int) -> None:
    """Ask, and go on without where there is no such call: what ends is then found by its session alone."""
    try:
        import ctypes  # takes memory, so only here

        ctypes.CDLL(None).prctl(option, int(value), 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return
