"""What a local run keeps under `.asya/`, and how other commands find it."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

import msgspec
from msgspec import Struct

Phase = Literal["starting", "ready", "failed", "stopping", "stopped"]


class ProcessState(Struct, kw_only=True):
    """One supervised process. `pid` is 0 while it does not run; `exit_code` is that of its last end (-9: killed)."""

    actor: str
    container: str
    log: str
    pid: int = 0
    restarts: int = 0
    started_at: float = 0.0
    exit_code: int | None = None


class State(Struct, kw_only=True):
    """The run as its supervisor sees it. `waiting`, at its end: messages that are left for the next run, by queue."""

    supervisor: int
    phase: Phase = "starting"
    processes: list[ProcessState] = []
    waiting: dict[str, int] = {}

    def process(self, actor: str, container: str) -> ProcessState:
        """Return one process. Raises KeyError when the run has no such process."""
        for each in self.processes:
            if (each.actor, each.container) == (actor, container):
                return each
        raise KeyError(f"{actor}/{container}")


class ActorInfo(Struct, frozen=True, kw_only=True):
    """One actor of a run; `metrics` is its sidecar's `host:port`, `log_files` are by container."""

    name: str
    queue: str
    metrics: str
    is_end: bool = False


class RunInfo(Struct, frozen=True, kw_only=True):
    """What stays the same for the life of a run.

    `environ` are the settings that open its transport; `results` is the URL of the ends' store, `happy_prefix` and
    `error_prefix` its two folders. `is_forgetful` says that its broker loses what waits when the run ends.
    """

    transport: str
    broker_url: str
    environ: dict[str, str]
    actors: list[ActorInfo]
    results: str
    happy_prefix: str
    error_prefix: str
    is_forgetful: bool = False

    def actor(self, name: str) -> ActorInfo | None:
        """Return one actor by name, or None."""
        return next((each for each in self.actors if each.name == name), None)


_state_decoder = msgspec.json.Decoder(State)
_info_decoder = msgspec.json.Decoder(RunInfo)


class Folder:
    """The folder `.asya` of a run: where each thing lies in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plan = path / "plan.json"
        self.info = path / "run.json"
        self.state = path / "state.json"
        self.lock = path / "lock"
        self.logs = path / "logs"
        self.results = path / "results"
        self.secrets = path / "secrets"
        self.claims = path / "claims"
        self.payloads = path / "payloads"
        self.rendered = path / "rendered"
        self.actors = path / "actors"
        self.substitutions = path / "substitutions.txt"

    def prepare(self) -> None:
        """Make the folder, for this user alone, and keep it out of version control."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.path / ".gitignore").write_text("*\n", encoding="ascii")
        for each in (
            self.logs, self.results, self.secrets, self.claims, self.payloads, self.rendered, self.actors,
        ):  # fmt: skip
            each.mkdir(exist_ok=True)

    def write_info(self, info: RunInfo) -> None:
        """Write what the other commands read."""
        _replace(self.info, msgspec.json.format(msgspec.json.encode(info), indent=1))

    def write_state(self, state: State) -> None:
        """Write the run's state, whole or not at all for whoever reads it."""
        _replace(self.state, msgspec.json.encode(state))

    def read_info(self) -> RunInfo:
        """Read what `write_info` wrote. Raises FileNotFoundError."""
        return _info_decoder.decode(self.info.read_bytes())

    def read_state(self) -> State:
        """Read what `write_state` wrote. Raises FileNotFoundError."""
        return _state_decoder.decode(self.state.read_bytes())

    def is_running(self) -> bool:
        """Tell whether a supervisor holds this folder now."""
        return self.wait_stopped(0) is False

    def wait_stopped(self, timeout: float) -> bool:
        """Wait until no supervisor holds this folder; tell whether that came within `timeout` seconds."""
        if not self.lock.exists():
            return True
        free = threading.Event()
        waiter = threading.Thread(target=_wait_unlocked, args=(self.lock, free, timeout > 0), daemon=True)
        waiter.start()
        waiter.join(timeout or None)
        return free.is_set()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold this folder for as long as the run lives. Raises BlockingIOError when another run has it."""
        with self.lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield


def _wait_unlocked(file: Path, free: threading.Event, wait: bool) -> None:
    with file.open("a") as lock:
        if _take(lock, wait=wait):
            free.set()


def _take(lock: IO[str], *, wait: bool) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _replace(file: Path, content: bytes) -> None:
    fresh = file.with_name(f"{file.name}.{os.getpid()}.new")
    fresh.write_bytes(content)
    fresh.replace(file)
