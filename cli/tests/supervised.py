"""A supervisor on a hand-written plan: small programs in place of broker, Jobs and actors."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asya_cli.local.plan import Backoff, Check, Job, Plan, ProcessPlan, write_plan
from asya_cli.local.ports import FreePorts
from asya_cli.local.running import Running
from asya_cli.local.state import Folder

WITHIN = 30.0
"""Seconds that any one thing may take; only a failure takes so long."""

BROKER = """
import http.server, signal, sys
def end(*_):
    open('ended', 'w').close()
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""

READY = "open('ready', 'w').close(); "
SLEEP = "import signal; signal.sigwait([signal.SIGUSR1])"


def script(actor: str, code: str, folder: Folder, *arguments: str, env: Mapping[str, str] | None = None) -> ProcessPlan:
    """Return a process that runs Python code in a folder of its own."""
    work = folder.actors / actor
    work.mkdir(parents=True, exist_ok=True)
    return ProcessPlan(
        actor=actor,
        container="app",
        argv=[sys.executable, "-I", "-S", "-c", code, *arguments],
        env=dict(env or {}),
        cwd=str(work),
        log=str(folder.logs / f"{actor}.app.log"),
    )


class Supervised:
    """The supervisor's process, and the plan that it is given."""

    def __init__(self, path: Path) -> None:
        self.folder = Folder(path)
        self.folder.prepare()
        port = str(FreePorts()())
        self._broker = script("broker", BROKER, self.folder, port)
        self._check = Check(actor="broker", container="app", url=f"http://127.0.0.1:{port}/healthz")
        self._jobs: list[list[Job]] = []
        self._processes: list[ProcessPlan] = []
        self._checks: list[Check] = []
        self.environ = dict(os.environ)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> Running:
        return Running(self.folder)

    def add(self, actor: str, code: str, *, env: Mapping[str, str] | None = None) -> Path:
        """Add an actor that is ready when the file `ready` is in its folder; return the folder."""
        plan = script(actor, code, self.folder, env=env)
        ready = [sys.executable, "-I", "-S", "-c", f"open({plan.cwd + '/ready'!r})"]
        self._processes.append(plan)
        self._checks.append(Check(actor=actor, container="app", argv=ready))
        return Path(plan.cwd)

    def add_jobs(self, *codes: tuple[str, str]) -> None:
        """Add Jobs, a name and code each, that are to run one after the other."""
        self._jobs.append(
            [Job(name=name, actor=name, processes=[script(name, code, self.folder)]) for name, code in codes]
        )

    def start(self, **settings: Any) -> None:
        """Write the plan and start the supervisor; what it says is read with `event`."""
        fields: dict[str, Any] = {"ready_timeout": WITHIN, "grace": WITHIN, "backoff": Backoff(first=0.01)} | settings
        plan = Plan(
            broker=self._broker,
            broker_check=self._check,
            jobs=self._jobs,
            processes=self._processes,
            checks=self._checks,
            **fields,
        )
        write_plan(plan, self.folder.plan)
        self.process = self.spawn()

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start one more supervisor on the same folder."""
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "asya_cli.local.supervisor", str(self.folder.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # or a line read ahead is one that `select` no longer sees
            env=self.environ,
            start_new_session=True,
        )

    def event(self, process: subprocess.Popen[bytes] | None = None) -> dict[str, Any]:
        """Return the next thing that the supervisor says."""
        stdout = (process or self._alive()).stdout
        assert stdout is not None
        assert select.select([stdout], [], [], WITHIN)[0], "the supervisor says nothing"
        event: dict[str, Any] = json.loads(stdout.readline())
        return event

    def until(self, name: str) -> dict[str, Any]:
        """Read on until the event of this name."""
        while (event := self.event())["event"] != name:
            assert event["event"] not in ("failed", "stopped"), event
        return event

    def pid(self, actor: str) -> int:
        return self.running.process(actor, "app").pid

    def log(self, actor: str) -> str:
        return (self.folder.logs / f"{actor}.app.log").read_text()

    def signal(self, number: int) -> None:
        self._alive().send_signal(number)

    def say(self, words: bytes) -> None:
        """Write to the supervisor's stdin and close it."""
        stdin = self._alive().stdin
        assert stdin is not None
        stdin.write(words)
        stdin.close()

    def wait(self) -> int:
        """Wait for the supervisor's end and return its exit code."""
        return self._alive().wait(WITHIN)

    def close(self) -> None:
        """End what is left, for a test that failed half-way."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(WITHIN)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    def _alive(self) -> subprocess.Popen[bytes]:
        assert self.process is not None
        return self.process


def wait_dead(pid: int) -> None:
    """Return once the process is gone, be it whose child it may."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([handle], [], [], WITHIN)[0], f"process {pid} lives on"
    finally:
        os.close(handle)
