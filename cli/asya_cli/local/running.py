"""A local run as others see it: its addresses, its processes, its results. Nothing here starts or stops it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from asya_cli.errors import CliError
from asya_cli.local.results import Results
from asya_cli.local.state import Folder, ProcessState, RunInfo, State
from asya_core.objects import open_store
from asya_core.transports import Transport, open_transport

STATE_DIR = ".asya"
"""Folder of a run, below the folder that it was started in."""

_INTERVAL = 0.02


class Running:
    """A run that is up, found by its folder."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder

    @classmethod
    def find(cls, workdir: Path) -> Running:
        """Return the run that was started in `workdir`. Raises CliError when none is up."""
        folder = Folder(workdir.resolve() / STATE_DIR)
        if not folder.is_running():
            raise CliError(
                f"no local run is up in {workdir}; it was not started, or it has ended; start one with `asya local up`"
            )
        return cls(folder)

    @property
    def info(self) -> RunInfo:
        """What stays the same for the life of the run."""
        return self.folder.read_info()

    @property
    def state(self) -> State:
        """The run as its supervisor sees it now."""
        return self.folder.read_state()

    @property
    def broker_url(self) -> str:
        """Address of the broker, for example `nats://127.0.0.1:20123`."""
        return self.info.broker_url

    @property
    def results(self) -> Results:
        """What the end actors have stored."""
        info = self.info
        return Results(open_store(info.results), info.happy_prefix, info.error_prefix)

    def open_transport(self) -> Transport:
        """Return a transport to the run's broker, not connected yet."""
        info = self.info
        return open_transport(info.transport, info.environ)

    def queue(self, actor: str) -> str:
        """Return the name of an actor's queue, be it part of this run or not."""
        ours = next(each for each in self.info.actors if each.is_end)
        return ours.queue.removesuffix(ours.name) + actor

    def metrics_url(self, actor: str) -> str:
        """Return where an actor's sidecar serves its metrics. Raises KeyError for an actor that is not there."""
        found = self.info.actor(actor)
        if found is None:
            raise KeyError(actor)
        return f"http://{found.metrics}/metrics"

    def process(self, actor: str, container: str) -> ProcessState:
        """Return one process: `asya-runtime` or `asya-sidecar` of an actor, or `nats-server` of `nats`.

        Raises KeyError when the run has no such process.
        """
        return self.state.process(actor, container)

    def kill(self, actor: str, container: str, number: int = signal.SIGKILL) -> int:
        """Send a process a signal and return its pid; 0 when it does not run at the moment."""
        pid = self.process(actor, container).pid
        if pid:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                return 0
        return pid

    def wait_started_anew(self, actor: str, container: str, than: int, timeout: float = 30.0) -> ProcessState:
        """Wait until the process runs with another pid than `than`. Raises TimeoutError."""
        until = time.monotonic() + timeout
        while True:
            process = self.process(actor, container)
            if process.pid not in (0, than):
                return process
            if time.monotonic() >= until:
                raise TimeoutError(f"{actor}/{container} did not start again within {timeout:g} s")
            time.sleep(_INTERVAL)
