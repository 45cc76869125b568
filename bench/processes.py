"""The processes of a system under test: starting and ending them, standing them still, what they use."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from asya_cli.local.orphans import killed_with_parent

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_OURS = ("ASYA_", "PYTHON", "VIRTUAL_ENV")
# proc(5), fields of /proc/<pid>/stat behind the name: state, parent, ..., utime, stime.
_PARENT, _UTIME, _STIME = 1, 11, 12


class Program:
    """A program that we started, in a session of its own; it does not outlive us. Its words go to `log`.

    It gets our environment without what is meant for us, and `env` on top; `cwd` is the log's folder unless given.
    """

    def __init__(
        self, command: Sequence[str | Path], env: Mapping[str, str], log: Path, *, cwd: Path | None = None
    ) -> None:
        self.log = log
        with log.open("ab") as words:
            self._process = subprocess.Popen(
                [str(each) for each in command],
                env={**_inherited(), **env},
                cwd=cwd or log.parent,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=killed_with_parent(),
            )

    @property
    def pid(self) -> int:
        """The process that was started; others may have come of it."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """Return the end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:]

    def end(self) -> None:
        """Kill it, and all that has come of it: nobody wants what it still has in hand."""
        send(descendants([self.pid]), signal.SIGKILL)
        self._process.wait()


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}


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


def resident_bytes(pids: Iterable[int]) -> int:
    """Return the resident memory of these processes; what they share counts for each."""
    return sum(_resident(pid) for pid in pids)


def proportional_bytes(pids: Iterable[int]) -> int:
    """Return the memory of these processes, shared pages divided among all that share them."""
    return sum(_proportional(pid) for pid in pids)


def _all() -> Iterable[int]:
    return (int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal())


def _stat(pid: int) -> list[str]:
    """Return the fields behind the name, which may hold anything; nothing for a process that has ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return []


def _resident(pid: int) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    return 0


def _proportional(pid: int) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
