"""The cluster's own processes: started in its namespace, known by their ids, ended in good order."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from tests.cluster.place import Place, inside

_END_SECONDS = 10.0
_STEP = 0.05
_ASK_EVERY = 0.2

T = TypeVar("T")


class Processes:
    """Processes by name. Each one's id and log are files, so that another run can end them."""

    def __init__(self, place: Place) -> None:
        self._ids = place.folder / "pid"
        self._logs = place.folder / "log"

    def start(self, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        """Start a process that outlives us; one that runs already stays."""
        if self.is_running(name):
            return
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(
                inside(*command),
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # The start is kept, too: an id alone may be somebody else's by the time that it is to be ended.
        self._file(name).write_text(f"{process.pid} {_start_of(process.pid)}", encoding="ascii")
        process.returncode = 0  # it is not ours to wait for, of which Python would warn

    def log(self, name: str) -> Path:
        """Return the file of its words."""
        return self._logs / f"{name}.log"

    def is_running(self, name: str) -> bool:
        """Tell whether the process that was started under this name has not ended."""
        return self._pid(name) != 0

    def stop(self, name: str, within: float = _END_SECONDS) -> None:
        """End a process; kill it when it has not ended within so many seconds."""
        pid = self._pid(name)
        if pid:
            os.kill(pid, signal.SIGTERM)
            until = time.monotonic() + within
            while self._pid(name) and time.monotonic() < until:
                time.sleep(_STEP)
        if self._pid(name):
            os.kill(pid, signal.SIGKILL)
        self._file(name).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self._ids / name

    def _pid(self, name: str) -> int:
        """Return its id, 0 where it does not run."""
        if not self._file(name).exists():
            return 0
        pid, start = self._file(name).read_text(encoding="ascii").split()
        return int(pid) if _start_of(int(pid)) == start else 0


def _start_of(pid: int) -> str:
    """Return when a process was started, in the kernel's ticks; proc(5), field 22. A zombie has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def wait_until(what: str, ask: Callable[[], T], within: float) -> T:
    """Ask again and again until the answer is true, and return it. Raises TimeoutError, naming what did not come."""
    until = time.monotonic() + within
    while not (answer := ask()):
        if time.monotonic() > until:
            raise TimeoutError(f"{what} did not come within {within:g} s")
        time.sleep(_ASK_EVERY)
    return answer
