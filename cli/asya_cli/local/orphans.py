"""No process outlives the run that started it: what Linux offers for that, and nothing where it is not Linux."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

# linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)
_on_linux = sys.platform == "linux"


def killed_with_parent() -> Callable[[], None]:
    """Return what a child is to call before it executes its program, so that it dies when this process does.

    The signal comes even when this process is killed with -9. It is tied to the calling thread: start children from
    the main thread only.
    """
    parent = os.getpid()

    def prepare() -> None:
        if _on_linux:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the signal was asked for
            os._exit(1)

    return prepare


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, so that none can slip away."""
    if _on_linux:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_adopted() -> None:
    """Take leave of adopted children that are dead, or they would stay as zombies for as long as this process lives.

    Our own lead a session each, or belong to ours, and are somebody else's to wait for.
    """
    for pid in _children():
        with suppress(ProcessLookupError, ChildProcessError):
            if os.getsid(pid) not in (pid, os.getsid(0)):
                os.waitpid(pid, os.WNOHANG)


def end_all_children() -> None:
    """Kill every child that is left, adopted ones too, until there is none."""
    while children := list(_children()):
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in children:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _children() -> Iterator[int]:
    with suppress(FileNotFoundError):
        for task in Path("/proc/self/task").iterdir():
            yield from (int(pid) for pid in (task / "children").read_text(encoding="ascii").split())
