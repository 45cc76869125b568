"""Processes that are measured: all that came of them, standing them still, the processor time that they use."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
# proc(5), fields of /proc/<pid>/stat behind the name: state, parent, ..., utime, stime.
_PARENT, _UTIME, _STIME = 1, 11, 12
# proc(5), the first line of /proc/stat: "cpu", user, nice, system, idle, iowait.
_IDLE, _IOWAIT = 4, 5


def send(pids: Iterable[int], number: int) -> None:
    """Signal processes; those that have ended are no error."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def descendants(pids: Iterable[int]) -> list[int]:
    """Return the given processes and all that have come of them, as far as they run now."""
    children = defaultdict(list)
    for pid in _all():
        if fields := _stat(pid):
            children[int(fields[_PARENT])].append(pid)
    found, left = [], list(pids)
    while left:
        pid = left.pop()
        found.append(pid)
        left += children[pid]
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the processor time that these processes have used since they were started."""
    return sum(int(fields[_UTIME]) + int(fields[_STIME]) for pid in pids if (fields := _stat(pid))) / _TICKS


def idle_seconds() -> float:
    """Return for how long this machine's processors have had nothing to do, all of them together."""
    fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
    return (int(fields[_IDLE]) + int(fields[_IOWAIT])) / _TICKS


def _all() -> Iterable[int]:
    return (int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal())


def _stat(pid: int) -> list[str]:
    """Return the fields behind the name, which may hold anything; nothing for a process that has ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return []
