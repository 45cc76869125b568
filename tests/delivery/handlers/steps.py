"""Handlers that note what they do, and wait where a test wants them to."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class SteadyError(Exception):
    """Falls under a policy with a constant delay."""


class GrowingError(Exception):
    """Falls under a policy whose delay grows."""


class JitteredError(Exception):
    """Falls under a policy with jitter."""


class BusyError(Exception):
    """Says itself when to come again."""

    retry_after = 2.0


class OutError(Exception):
    """A service that this needs is out, for so many seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("the service is out")
        self.retry_after = retry_after


ERRORS = {each.__name__: each for each in (SteadyError, GrowingError, JitteredError, BusyError)}


def work(payload: dict[str, Any]) -> dict[str, Any]:
    """Take as long as the payload says, or until a file is there."""
    note("begin", payload)
    time.sleep(payload.get("seconds", 0.0))
    if "until" in payload:
        wait_for(payload["until"])
    note("end", payload)
    return payload


def burn(payload: dict[str, Any]) -> dict[str, Any]:
    """Compute for as long as the payload says, half of it in C that never lets another thread run."""
    note("begin", payload)
    until = time.monotonic() + payload["seconds"]
    while time.monotonic() < until:
        sum(range(30_000_000))
        for number in range(300_000):
            hash(number)
    return payload


def fan(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield as many as the payload says, the first time no more than it says until a file is there."""
    note("begin", payload)
    for number in range(payload["parts"]):
        if number == payload["stop"] and count("begin", payload) == 1:
            note("stopped", payload)
            wait_for("gate")
        yield {"number": number}


def kill_pod(payload: dict[str, Any]) -> dict[str, Any]:
    """Take the whole pod along where the payload says so, as a machine without memory would."""
    note("begin", payload)
    if payload.get("kills"):
        os.kill(int((Path(os.environ["POD"]) / "sidecar.pid").read_text()), signal.SIGKILL)
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.005)
    return payload


def fail(payload: dict[str, Any]) -> dict[str, Any]:
    """Fail with what the payload names, as often as it says."""
    note("begin", payload)
    if "error" in payload and count("begin", payload) <= payload["times"]:
        note("end", payload)
        raise ERRORS[payload["error"]]("not yet")
    return payload


def call_service(payload: dict[str, Any]) -> dict[str, Any]:
    """Ask a service over HTTP, as long as it is there; what it says of another time is passed on."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", payload["port"], timeout=10)) as connection:
        connection.request("GET", "/")
        answer = connection.getresponse()
        if answer.status == http.client.SERVICE_UNAVAILABLE:
            raise OutError(float(answer.headers["Retry-After"]))
    return payload


def wait_for(name: str) -> None:
    """Wait until there is a file of this name beside the notes."""
    file = Path(os.environ["NOTES"]).with_name(name)
    while not file.exists():
        time.sleep(0.02)


def note(event: str, payload: dict[str, Any]) -> None:
    """Add a line, whole or not at all, whoever else writes and whatever kills us."""
    line = {
        "event": event,
        "name": payload["name"],
        "at": time.time(),
        "monotonic": time.monotonic(),
        "pid": os.getpid(),
    }
    notes = os.open(os.environ["NOTES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(notes, f"{json.dumps(line)}\n".encode())
    finally:
        os.close(notes)


def count(event: str, payload: dict[str, Any]) -> int:
    """Return how many lines of this kind there are for this message."""
    lines = Path(os.environ["NOTES"]).read_text(encoding="utf-8").splitlines()
    found = [(each["event"], each["name"]) for each in map(json.loads, lines)]
    return found.count((event, payload["name"]))
