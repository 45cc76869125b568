





from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import NamedTuple

_PATIENCE_SECONDS = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.05


class Process(NamedTuple):


    pid: int
    parent: int
    session: int
    zombie: bool


def is_below(pid: int, ancestor: int) -> bool:




    while pid > 1 and pid != ancestor:
        process = _look(pid)
        pid = process.parent if process else 1
    return pid == ancestor


def end_descendants(worker: int) -> bool:




    deadline = time.monotonic() + _PATIENCE_SECONDS
    pause = _FIRST_PAUSE
    _kill(worker)
    with suppress(OSError):
        os.killpg(worker, signal.SIGKILL)
    while [pid for pid in _living(worker) if _kill(pid)]:
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
    return True


def _living(session: int) -> list[int]:

    here = os.getpid()
    everyone = [process for process in map(_look, _pids()) if process is not None]
    below = {here}
    size = 0
    while size != len(below):
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

    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state, parent, _group, session = file.read().rpartition(b")")[2].split()[:4]
    except (OSError, ValueError):
        return None
    return Process(pid, int(parent), int(session), state in (b"Z", b"X"))


def _kill(pid: int) -> bool:

    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return False
    return True
