"""A real nats-server on a free port of this machine, for any test that wants one."""

from __future__ import annotations

import re
import subprocess
import threading
from pathlib import Path

READY_SECONDS = 20.0
END_SECONDS = 10.0
LISTENING = re.compile(r"Listening for client connections on [\d.]+:(\d+)")


class NatsServer:
    """One server with JetStream in `folder`; it keeps its port and its messages over `stop` and `start`."""

    def __init__(self, program: Path, folder: Path, *, config: str = "") -> None:
        self.port = -1
        self._folder = folder
        self._command = [str(program), "-a", "127.0.0.1", "-js", "-sd", str(folder / "store")]
        if config:
            file = folder / "nats-server.conf"
            file.write_text(config)
            self._command += ["-c", str(file)]
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._log: list[str] = []
        self._settled = threading.Event()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Run, and return once clients are served. Raises RuntimeError with the log when that fails."""
        self._settled.clear()
        self._log.clear()
        self._process = subprocess.Popen(
            [*self._command, "-p", str(self.port)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), name="nats-server's log")
        self._reader.start()
        if not self._settled.wait(READY_SECONDS) or "Server is ready" not in self._log[-1]:
            self.kill()
            raise RuntimeError("nats-server did not start:\n" + "".join(self._log))

    def stop(self) -> None:
        """End it as an orchestrator would."""
        if self._process is not None:
            self._process.terminate()
            self._wait()

    def kill(self) -> None:
        """End it as a failing machine would."""
        if self._process is not None:
            self._process.kill()
            self._wait()

    def _wait(self) -> None:
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._process.stderr.close()
        self._process = None

    def _read(self, process: subprocess.Popen[str]) -> None:
        for line in process.stderr:
            if self._settled.is_set():
                continue
            self._log.append(line)
            found = LISTENING.search(line)
            if found:
                self.port = int(found[1])
            if "Server is ready" in line:
                self._settled.set()
        self._settled.set()
