"""The commands as a user calls them: real processes, in a folder of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

from asya_cli.local.running import STATE_DIR, Running
from asya_cli.local.state import Folder

WITHIN = 90.0
"""Seconds that any one command may take; only a failure takes so long."""

COMMAND = [sys.executable, "-P", "-m", "asya_cli", "local"]


class Workplace:
    """A user's folder, and the commands called in it."""

    def __init__(self, path: Path, handlers: str) -> None:
        self.path = path
        (path / "handlers.py").write_text(handlers)
        self._spawned: list[subprocess.Popen[str]] = []

    @property
    def running(self) -> Running:
        return Running(Folder(self.path / STATE_DIR))

    def __call__(self, *arguments: str, code: int = 0, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Call `asya local` and expect its exit code."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.path,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
        )
        assert done.returncode == code, f"{arguments} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def foreground(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `asya local up` and return once it says that it is ready."""
        process = self.spawn("up", *arguments)
        read_until(process.stdout, "Ctrl-C stops it")
        return process

    def spawn(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `asya local` and leave it running."""
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        self._spawned.append(process)
        return process

    def pids(self) -> list[int]:
        """Return every process of the run, the supervisor included."""
        state = self.running.state
        return [state.supervisor, *(process.pid for process in state.processes)]

    def close(self) -> None:
        """End what is left, for a test that failed half-way."""
        for process in self._spawned:
            if process.poll() is None:
                process.kill()
                process.wait(WITHIN)
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        self("down", "--at-once")


def interrupt(process: subprocess.Popen[Any]) -> None:
    """Press Ctrl-C: the signal goes to the whole foreground group."""
    os.killpg(process.pid, signal.SIGINT)


def read_until(stream: IO[str] | None, words: str) -> None:
    """Read lines up to one that holds these words."""
    assert stream is not None
    for line in stream:
        if words in line:
            return
    raise AssertionError(f"{words!r} never came")


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait for the end and return what is left on stdout and stderr; both are small."""
    assert process.stdout is not None
    assert process.stderr is not None
    rest = process.stdout.read(), process.stderr.read()
    process.wait(WITHIN)
    return rest


def run_once(folder: Path, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Call `asya run` in a folder, without a terminal."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "asya_cli", "run", *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("ASYA_")},
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
