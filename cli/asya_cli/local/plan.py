"""What a supervisor is to run: the contract between whoever plans a local run and the process that carries it out."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct


class Backoff(Struct, frozen=True, kw_only=True):
    """Delays before restarts, in seconds: none before the first, then doubled from `first` up to `longest`.

    A process that ran for `reset_after` begins anew. Kubernetes waits 10 s to 5 min, which nobody would sit through.
    """

    first: float = 0.25
    longest: float = 10.0
    reset_after: float = 20.0

    def delay(self, restarts_in_a_row: int) -> float:
        """Return the delay before a restart that `restarts_in_a_row` others went before."""
        if restarts_in_a_row == 0:
            return 0.0
        return float(min(self.longest, self.first * 2 ** min(restarts_in_a_row - 1, 30)))


class ProcessPlan(Struct, frozen=True, kw_only=True):
    """One process that stands for one container. `env` comes on top of the supervisor's own environment."""

    actor: str
    container: str
    argv: list[str]
    env: dict[str, str]
    cwd: str
    log: str

    @property
    def title(self) -> str:
        """Name in messages."""
        return f"{self.actor}/{self.container}"


class Check(Struct, frozen=True, kw_only=True):
    """When a process counts as ready: its URL answers 2xx, or its program ends with 0."""

    actor: str
    container: str
    url: str = ""
    argv: list[str] = []
    env: dict[str, str] = {}


class Job(Struct, frozen=True, kw_only=True):
    """Processes that run to their end, one after the other, before any actor starts."""

    name: str
    actor: str
    processes: list[ProcessPlan]


class Plan(Struct, frozen=True, kw_only=True):
    """A whole local run; times in seconds. `broker` is None where somebody else runs it.

    `jobs` holds one list for each release: those in it run one after the other, the lists side by side. `scratch` is a
    folder to remove at the end, or empty. `grace` is how long a drain may take, `grace_without_parent` how long once
    nobody is there to see it. `ends` are actors that stop after all others, once their queues are empty or
    `empty_within` seconds are over.
    """

    broker: ProcessPlan | None
    broker_check: Check
    jobs: list[list[Job]]
    processes: list[ProcessPlan]
    checks: list[Check]
    ready_timeout: float
    grace: float
    grace_without_parent: float = 10.0
    ends: list[str] = []
    empty_within: float = 5.0
    backoff: Backoff = Backoff()
    parallel_jobs: int = 2
    scratch: str = ""


_decoder = msgspec.json.Decoder(Plan)


def write_plan(plan: Plan, file: Path) -> None:
    """Write the plan for the supervisor; only the user may read it, since environments hold secrets."""
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(plan), indent=1))


def read_plan(file: Path) -> Plan:
    """Read what `write_plan` wrote."""
    return _decoder.decode(file.read_bytes())
