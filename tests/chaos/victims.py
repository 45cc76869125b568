"""Finds the processes of a local run that something is to be done to."""

from __future__ import annotations

from pathlib import Path

from asya_cli.local.running import Running
from asya_cli.local.substitution import RUNTIME, SIDECAR
from tests.chaos.acts import Act


def find(running: Running, act: Act) -> int:
    """Return the id of the process that a deed is meant for, or 0 while it does not run."""
    if act.victim == "broker":
        ours = {each.name for each in running.info.actors}
        return next(each.pid for each in running.state.processes if each.actor not in ours)
    if act.victim == "sidecar":
        return running.process(act.actor, SIDECAR).pid
    supervisor = running.process(act.actor, RUNTIME).pid
    return supervisor if act.victim == "supervisor" or not supervisor else _worker(supervisor)


def _worker(supervisor: int) -> int:
    """Return the living child of a runtime's supervisor; it has no other while handlers start none."""
    try:
        children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text(encoding="ascii").split()
    except OSError:
        return 0
    return next((int(pid) for pid in children if _lives(pid)), 0)


def _lives(pid: str) -> bool:
    """Whether a process has not ended; one that has stays in sight until its parent has heard of it."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in ("Z", "X")
