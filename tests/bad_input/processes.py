"""Runtimes and sidecars as processes, whose exit codes and logs a test looks at. Every wait has a limit."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from images.runtime.tests.driver import Client
from tests.bad_input.page import ROOT

RUNTIME = ROOT / "images/runtime/asya_runtime"
SECONDS = 20.0


class RuntimeProcess:
    """A runtime with its socket in `folder` and its working directory at `cwd`; its log is read as it grows."""

    def __init__(self, folder: Path, cwd: Path, environ: dict[str, str], log: Path) -> None:
        self._folder = folder
        self._log = log
        variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "ASYA_SOCKET_DIR": str(folder)}
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, str(RUNTIME)],
                cwd=cwd,
                env={**variables, **environ},
                stdout=subprocess.DEVNULL,
                stderr=out,
            )

    @property
    def socket_path(self) -> Path:
        return self._folder / "asya-runtime.sock"

    @property
    def pid(self) -> int:
        return self._process.pid

    def worker(self) -> int:
        """Return the process id of its worker, the only child of a runtime."""
        [child] = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii").split()
        return int(child)

    def log(self) -> str:
        """Return all that it has said."""
        return self._log.read_text(encoding="utf-8")

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + SECONDS
        while not (self._folder / "runtime-ready").exists():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.005)
                raise AssertionError(self.log())
            assert time.monotonic() < deadline

    def check_serves(self) -> None:
        """See a good message through a connection of its own."""
        client = Client(self.socket_path)
        client.hello()
        assert client.call(1, {"good": True}).items == [{"good": True}]
        client.close()

    def exit_code(self) -> int:
        """Wait for its end."""
        return self._process.wait(SECONDS)

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(SECONDS)
        self._process.kill()
        self._process.wait()


@contextlib.contextmanager
def runtime(
    folder: Path, environ: dict[str, str], *, cwd: Path | None = None, log: Path | None = None
) -> Iterator[RuntimeProcess]:
    """Run a runtime; it is ended with the block."""
    process = RuntimeProcess(folder, cwd or folder, environ, log or folder / "runtime.log")
    try:
        yield process
    finally:
        process.end()
