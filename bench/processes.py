"""The processes of a system under test: starting and ending them, and the memory that they use."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from asya_cli.bench.processes import descendants, send
from asya_cli.local.orphans import killed_with_parent

_PAGE = os.sysconf("SC_PAGE_SIZE")
_OURS = ("ASYA_", "PYTHON", "VIRTUAL_ENV")


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


def resident_bytes(pids: Iterable[int]) -> int:
    """Return the resident memory of these processes; what they share counts for each."""
    return sum(_resident(pid) for pid in pids)


def proportional_bytes(pids: Iterable[int]) -> int:
    """Return the memory of these processes, shared pages divided among all that share them."""
    return sum(_proportional(pid) for pid in pids)


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
