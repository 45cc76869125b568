"""A real nats-server on a free port of this machine, for any test that wants one."""

from __future__ import annotations

import re
import subprocess
import threading
from pathlib import Path
from typing import IO

READY_SECONDS = 20.0
END_SECONDS = 10.0
LISTENING = re.compile(r"Listening for client connections on [\d.]+:(\d+)")
MONITORING = re.compile(r"Starting http monitor on ([\d.]+:\d+)")


class NatsServer:
    """One server with JetStream in `folder`; it keeps its port and its messages over `stop` and `start`.

    `monitoring` is the host:port of its monitoring endpoint where `config` asks for one, else empty.
    """

    def __init__(self, program: Path, folder: Path, *, config: str = "") -> None:
        self.port = -1
        self.monitoring = ""
        self._command = [str(program), "-a", "127.0.0.1", "-js", "-sd", str(folder / "store")]
        if config:
            file = folder / "nats-server.conf"
            file.write_text(config)
            self._command += ["-c", str(file)]
        self._running: _Running | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        return self._running is not None

    def start(self) -> None:
        """Run, and return once clients are served. Raises RuntimeError with the log when that fails."""
        self._running = _Running([*self._command, "-p", str(self.port)])
        log = self._running.wait_until_ready()
        found = LISTENING.search(log)
        if found is None or "Server is ready" not in log:
            self.kill()
            raise RuntimeError(f"nats-server did not start:\n{log}")
        self.port = int(found[1])
        if monitored := MONITORING.search(log):
            self.monitoring = monitored[1]

    def stop(self) -> None:
        """End it as an orchestrator would."""
        if self._running is not None:
            self._running.process.terminate()
            self._running.wait_until_ended()
            self._running = None

    def kill(self) -> None:
        """End it as a failing machine would."""
        if self._running is not None:
            self._running.process.kill()
            self._running.wait_until_ended()
            self._running = None


class _Running:
    """A process of the server, and a thread that reads its log so that it never waits for a reader."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self._log: list[str] = []
        self._settled = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self.process.stderr,), name="nats-server's log")
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
                if "Server is ready" in line:
                    self._settled.set()
        self._settled.set()
