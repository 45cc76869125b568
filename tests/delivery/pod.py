"""A pod without a cluster: a sidecar and a runtime as processes with a folder for their socket."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

from asya_cli.local.ports import FreePorts
from tests.delivery.place import SOON, Place
from tests.transport.parties import eventually

HERE = Path(__file__).resolve().parent
RUNTIME = HERE.parents[1] / "images/runtime/asya_runtime"
NOTES = "notes.log"
_ports = FreePorts()


class Pod:
    """Used as an async context manager, which kills what is left of it. `environ` is for both containers."""

    def __init__(self, place: Place, name: str, handler: str, **environ: str) -> None:
        self.name = name
        self.folder = place.folder / f"{place.prefix}{name}"
        self.folder.mkdir(mode=0o700)
        self.port = _ports()
        self._place = place
        self._files: list[IO[bytes]] = []
        self._environ = {
            **{key: value for key, value in os.environ.items() if not key.startswith("ASYA_")},
            **place.environ(), "ASYA_SOCKET_DIR": str(self.folder), "ASYA_HANDLER": handler,
            "ASYA_METRICS_ADDR": f"127.0.0.1:{self.port}", "NOTES": str(place.folder / NOTES),
            "POD": str(self.folder), **environ,
        }  # fmt: skip

    async def __aenter__(self) -> Self:
        self.sidecar = await self._start("sidecar", "-m", "asya_sidecar")
        (self.folder / "sidecar.pid").write_text(str(self.sidecar.pid))
        self.runtime = await self._start("runtime", str(RUNTIME))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.thaw()
        self.kill()
        await self.ended()
        for file in self._files:
            file.close()

    async def ready(self) -> Self:
        """Wait until it consumes and its handler is loaded."""
        await eventually(lambda: min(self.said("consuming"), self.said("runtime_ready")) > 0, SOON)
        return self

    def said(self, event: str) -> int:
        """Return how often the sidecar has logged this event."""
        return self.log().count(f'"event":"{event}"')

    def log(self) -> str:
        return (self.folder / "sidecar.log").read_text(encoding="utf-8")

    def signal(self, number: int, *containers: str) -> None:
        """Signal some containers, all of them by default, as far as they still run."""
        for container in containers or ("sidecar", "runtime"):
            process = getattr(self, container)
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, number)  # asyncio's own way takes the exit code from whoever waits for it

    def kill(self) -> None:
        """End it as a failing node would."""
        self.signal(signal.SIGKILL)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT, "sidecar")

    async def ended(self, within: float = SOON) -> tuple[int, int]:
        """Wait for the end of both; return the exit codes of sidecar and runtime."""
        async with asyncio.timeout(within):
            return await self.sidecar.wait(), await self.runtime.wait()

    async def healthy(self) -> bool:
        """Ask the liveness probe."""
        return await asyncio.to_thread(self._get, "healthz") == 200

    def _get(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return int(error.code)

    async def _start(self, container: str, *arguments: str) -> asyncio.subprocess.Process:
        log = (self.folder / f"{container}.log").open("ab")
        self._files.append(log)
        return await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env=self._environ, cwd=HERE / "handlers", stdout=log, stderr=log
        )


def notes(place: Place, event: str = "begin") -> list[dict[str, Any]]:
    """Return what handlers have noted: for each a name, the time, and the process."""
    file = place.folder / NOTES
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [note for line in lines if (note := json.loads(line))["event"] == event]


def begun(place: Place, name: str) -> list[dict[str, Any]]:
    """Return the executions of one message."""
    return [note for note in notes(place) if note["name"] == name]


async def has_begun(place: Place, name: str, *, times: int = 1, within: float = SOON) -> None:
    """Wait until a message has been executed so often."""
    await eventually(lambda: len(begun(place, name)) >= times, within)
