"""Finds and ends what a worker has left behind: its children, their children, and orphans, whatever session they chose.

A process whose parent has ended becomes the child of the supervisor, which is process 1 of its container or has asked
for it; so everything that a worker ever started is below the supervisor.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import NamedTuple

_PATIENCE_SECONDS = 10.0  # for what the kernel can't end at once, such as a process that waits for a dead disk
_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.05


class Process(NamedTuple):
    """One process of the machine, as /proc shows it."""

    pid: int
    parent: int
    session: int
    zombie: bool


def is_below(pid: int, ancestor: int) -> bool:
    """Say whether the process descends from `ancestor`.

    One that has gone descends from process 1, as in a container: whoever is outside of that has no number here.
    """
    while pid > 1 and pid != ancestor:
        process = _look(pid)
        pid = process.parent if process else 1
    return pid == ancestor


def end_descendants(worker: int) -> bool:
    """End the worker and all that descends from this process; return False where some of it could not be ended.

    The worker must not have been waited for, so that its number is its own. Who has ended is left to be waited for.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    pause = _FIRST_PAUSE
    _kill(worker)
    with suppress(OSError):  # its group, too: there may be no /proc that shows who is in it
        os.killpg(worker, signal.SIGKILL)
    while [pid for pid in _living(worker) if _kill(pid)]:
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
    return True


def _living(session: int) -> list[int]:
    """Return who is below this process, or in that session, and has not ended."""
    here = os.getpid()
    everyone = [process for process in map(_look, _pids()) if process is not None]
    below = {here}
    size = 0
    while size != len(below):  # until nobody new is found: a parent may stand after its child
        size = len(below)
        below |= {process.pid for process in everyone if process.parent in below}
    found = (each for each in everyone if each.pid in below or each.session == session)
    return [each.pid for each in found if each.pid != here and not each.zombie]


def _pids() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def _look(pid: int) -> Process | None:
    """Return what /proc/<pid>/stat says; None where the process has gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state, parent, _group, session = file.read().rpartition(b")")[2].split()[:4]
    except (OSError, ValueError):
        return None
    return Process(pid, int(parent), int(session), state in (b"Z", b"X"))


def _kill(pid: int) -> bool:
    """End one process; return False where it has gone already or is not ours to end."""
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return False
    return True
