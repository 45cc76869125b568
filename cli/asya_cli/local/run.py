"""Starting and ending a local run: the object that the commands, the demo and the tests use."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from asya_cli.assets import find_assets
from asya_cli.errors import CliError
from asya_cli.local.brokers import prepare_broker
from asya_cli.local.differences import write_differences
from asya_cli.local.plan import write_plan
from asya_cli.local.planning import Planned, Planner, Wish
from asya_cli.local.ports import FreePorts
from asya_cli.local.running import STATE_DIR, Running
from asya_cli.local.state import Folder

Report = Callable[[dict[str, Any]], None]
"""Called with each event of the start: `{"event": "job", "name": …}` and the like."""

_PATIENCE = 20.0
"""Seconds beyond the grace period before the supervisor itself is killed."""


class LocalRunError(CliError):
    """A run could not start; `detail` holds the last lines of the process that is to blame."""


class LocalRun(Running):
    """A whole run: broker, actors and ends. Used as a context manager, or with `start` and `stop`.

    It ends when this process dies, however that happens, unless `keep` was called.
    """

    def __init__(
        self, wish: Wish, *, state_dir: Path | None = None, transport: str = "nats", fresh: bool = False
    ) -> None:
        super().__init__(Folder((state_dir or wish.work / STATE_DIR).resolve()))
        self._wish = wish
        self._transport = transport
        self._fresh = fresh
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._grace = 0.0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, report: Report | None = None) -> Planned:
        """Render, start everything, and return once every actor is ready.

        Raises LocalRunError, with everything stopped again, when that fails; CliError when a chart refuses.
        """
        planned = self.prepare()
        self._grace = planned.plan.grace
        self._supervisor = self._start_supervisor()
        try:
            self._wait_ready(report or _keep_quiet)
        except BaseException:
            self.stop(at_once=True)
            raise
        return planned

    def prepare(self) -> Planned:
        """Render the plan into the run's folder, without starting anything."""
        if self.folder.is_running():
            raise CliError(
                f"a local run is up in {self.folder.path.parent} already; end it with `asya local down` first"
            )
        self._clear()
        self.folder.prepare()
        ports = FreePorts()
        broker = prepare_broker(self._transport, self.folder.path / self._transport, self.folder.logs, ports)
        planned = Planner(self._wish, self.folder, broker, find_assets(), ports).plan()
        write_plan(planned.plan, self.folder.plan)
        self.folder.write_info(planned.info)
        write_differences(planned, self.folder.substitutions)
        return planned

    def is_up(self) -> bool:
        """Tell whether the supervisor lives."""
        return self._supervisor is not None and self._supervisor.poll() is None

    def keep(self) -> None:
        """Let the run outlive this process; `asya local down` ends it."""
        supervisor = self._running_supervisor()
        if supervisor.stdin is not None:
            supervisor.stdin.write(b"keep\n")
        _close(supervisor)
        supervisor.returncode = 0  # it is not ours to wait for any more, of which Python would warn
        self._supervisor = None

    def ask_to_stop(self, *, at_once: bool = False) -> None:
        """Begin the end of the run and return; `is_up` tells when it is reached. May be called by a signal handler."""
        if self._supervisor is not None:
            _ask(self._supervisor, at_once=at_once)

    def stop(self, *, at_once: bool = False) -> None:
        """End the run: what runs is finished first, unless `at_once`. A run that is not up stays so."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is None:
            return
        _ask(supervisor, at_once=at_once)
        try:
            supervisor.wait(self._grace + _PATIENCE)
        except KeyboardInterrupt:  # asked again: no more patience
            _ask(supervisor, at_once=True)
            supervisor.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            supervisor.kill()
            supervisor.wait()
        _close(supervisor)

    def _clear(self) -> None:
        """Remove what belongs to an earlier run; messages and results stay, unless everything is to be fresh."""
        folders = [self.folder.actors, self.folder.logs, self.folder.rendered]
        if self._fresh:
            folders += [self.folder.results, self.folder.claims, self.folder.payloads]
            folders.append(self.folder.path / self._transport)
        for each in folders:
            shutil.rmtree(each, ignore_errors=True)

    def _start_supervisor(self) -> subprocess.Popen[bytes]:
        # -P, for no module of the user's may take the place of one that the supervisor imports.
        command = [sys.executable, "-P", "-m", "asya_cli.local.supervisor", str(self.folder.path)]
        with (self.folder.logs / "supervisor.log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self.folder.path,
                start_new_session=True,
            )

    def _wait_ready(self, report: Report) -> None:
        stdout = self._running_supervisor().stdout
        for line in stdout or ():
            event = json.loads(line)
            report(event)
            if event["event"] == "ready":
                return
            if event["event"] == "failed":
                raise _failure(event)
            if event["event"] == "stopped":
                raise LocalRunError("the local run did not start; it was stopped; start it again")
        raise LocalRunError(
            f"the local run did not start; its supervisor ended; read {self.folder.logs / 'supervisor.log'}"
        )

    def _running_supervisor(self) -> subprocess.Popen[bytes]:
        if self._supervisor is None:
            raise CliError("this local run is not up; it was not started, or it was given away; start it first")
        return self._supervisor


def _ask(supervisor: subprocess.Popen[bytes], *, at_once: bool) -> None:
    supervisor.send_signal(signal.SIGQUIT if at_once else signal.SIGTERM)


def _close(supervisor: subprocess.Popen[bytes]) -> None:
    for stream in (supervisor.stdin, supervisor.stdout):
        if stream is not None:
            stream.close()


def _keep_quiet(_: dict[str, Any]) -> None:
    """Report nothing."""


def _failure(event: dict[str, Any]) -> LocalRunError:
    where = f"read {event['log']}" if event["log"] else "try again"
    sentence = f"the local run did not start; {event['reason']}; {where}"
    return LocalRunError(sentence, detail="\n".join(event["tail"]))
