"""moto's server on a free port of this machine: SQS and S3 at one address, for any test that wants one.

It keeps everything in memory: after `stop` or `kill`, a start is a start from nothing. Any credentials enter, but some
must be given; each access key sees the same account unless it was made by moto's IAM.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

READY_SECONDS = 60.0
END_SECONDS = 10.0
LISTENING = re.compile(r"Running on https?://127\.0\.0\.1:(\d+)")
REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class MotoServer:
    """One server; it keeps its port over `stop` and `start`, but neither queues nor objects.

    With `certificates` (see `make_certificates`) it speaks TLS.
    """

    def __init__(self, certificates: Path | None = None) -> None:
        self.port = 0
        self._scheme = "https" if certificates else "http"
        self._command = [sys.executable, "-P", "-m", "asya_cli.local.brokers.sqs_server"]
        self._certificate = (
            [str(certificates / "server.crt"), str(certificates / "server.key")] if certificates is not None else []
        )
        self._running: _Running | None = None

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The server's process. Raises RuntimeError while it does not run."""
        return self._need().process.pid

    @property
    def is_running(self) -> bool:
        return self._running is not None

    def start(self) -> None:
        """Run, and return once clients are served. Raises RuntimeError with the log when that fails."""
        self._running = _Running([*self._command, str(self.port), *self._certificate])
        log = self._running.wait_until_ready()
        found = LISTENING.search(log)
        if found is None:
            self.kill()
            raise RuntimeError(f"moto_server did not start:\n{log}")
        self.port = int(found[1])

    def stop(self) -> None:
        """End it as an orchestrator would; what it held is gone."""
        if self._running is not None:
            self._running.process.terminate()
            self._end()

    def kill(self) -> None:
        """End it as a failing machine would; what it held is gone."""
        if self._running is not None:
            self._running.process.kill()
            self._end()

    def freeze(self) -> None:
        """Let it stand still: connections open, and nothing is answered."""
        self._need().process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after `freeze`; what came meanwhile is answered now."""
        self._need().process.send_signal(signal.SIGCONT)

    def _end(self) -> None:
        self.thaw()
        self._need().wait_until_ended()
        self._running = None

    def _need(self) -> _Running:
        if self._running is None:
            raise RuntimeError("the server does not run; start it first")
        return self._running


class _Running:
    """A process of the server, and a thread that reads its log so that it never waits for a reader."""

    def __init__(self, command: list[str]) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("MOTO_")}
        self.process = subprocess.Popen(
            command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self._log: list[str] = []
        self._settled = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self.process.stderr,), name="moto_server's log")
        self._reader.start()

    def wait_until_ready(self) -> str:
        """Return the log up to the moment at which it serves, has ended, or has taken too long."""
        self._settled.wait(READY_SECONDS)
        return "".join(self._log)

    def wait_until_ended(self) -> None:
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join()

    def _read(self, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                if not self._settled.is_set():
                    self._log.append(line)
                if LISTENING.search(line):
                    self._settled.set()
        self._settled.set()
