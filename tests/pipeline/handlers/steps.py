"""The handlers of the actors that the tests send messages to. What a handler does, its payload says."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

NOTES = "executions.log"
"""File in the working directory: a line of JSON for each execution that began."""

GATE = "gate.lock"
"""File in the working directory: `gate` waits while somebody holds its lock."""


class OutageError(Exception):
    """Goes away: see `flaky`."""


class RescuedError(OutageError):
    """Falls under a policy with another route."""


class BusyError(Exception):
    """Says itself when to come again."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("too many requests")
        self.retry_after = retry_after


def echo(payload: Any) -> Any:
    """Return what came."""
    return payload


def make(payload: dict[str, Any]) -> Any:
    """Return what the payload asks for: one value, a list, a generator, one that fails, or very much."""
    if "each" in payload:
        return payload["each"]
    if "yield" in payload:
        return _yield(payload["yield"], fails=payload.get("fails", False))
    if "bytes" in payload:
        return {"much": "x" * payload["bytes"]}
    return payload["return"]


def _yield(values: list[Any], *, fails: bool) -> Any:
    yield from values
    if fails:
        raise OutageError("in the middle")


def judge(envelope: dict[str, Any]) -> Any:
    """Advance, then change what the payload says: values by dotted path, null to remove a member."""
    changes = envelope["payload"]["changes"]
    envelope["route"]["current"] += 1
    for path, value in changes.items():
        *folders, name = path.split(".")
        place = envelope
        for folder in folders:
            place = place.setdefault(folder, {})
        if value is None:
            place.pop(name, None)
        else:
            place[name] = value
    return envelope


def flaky(payload: dict[str, Any]) -> dict[str, Any]:
    """Fail as often as the payload says, with the exception that it names."""
    if _note("flaky", payload) < payload["times"]:
        _fail(payload)
    return payload


def _fail(payload: dict[str, Any]) -> None:
    raise {
        "outage": OutageError(f"{payload['name']} is down"),
        "rescued": RescuedError("take another way"),
        "busy": BusyError(1.5),
        "plain": ValueError("no such number: 17"),
    }[payload["error"]]


class Hall:
    """An async handler that lets nobody out before enough have come in."""

    def __init__(self, word: str = "", seats: int = 4) -> None:
        self._word = word
        self._seats = seats
        self._inside = 0
        self._full = asyncio.Event()
        _note("hall", {"name": "built"})

    async def process(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Wait until the hall is full for the first time."""
        self._inside += 1
        if self._inside >= self._seats:
            self._full.set()
        await self._full.wait()
        return {**payload, "word": self._word, "inside": self._inside}


def pack(payloads: list[dict[str, Any]]) -> list[Any]:
    """Do with each message what it says, and with the whole call what one of them says."""
    before = [_note("pack", payload) for payload in payloads]
    wishes = {payload.get("call") for payload in payloads}
    if "raise" in wishes:
        raise OutageError(f"{len(payloads)} are too many")
    if "exit" in wishes:
        os._exit(3)
    entries = [_entry(payload, len(payloads), times) for payload, times in zip(payloads, before, strict=True)]
    return entries[1:] if "short" in wishes else entries


def _entry(payload: dict[str, Any], size: int, times: int) -> Any:
    if "error" in payload and times < payload["times"]:
        try:
            _fail(payload)
        except (ValueError, BusyError) as error:
            return error
    if "each" in payload:
        return payload["each"]
    if "bad" in payload:
        return {"bad": object()}
    return None if "none" in payload else {**payload, "size": size}


def gate(payload: dict[str, Any]) -> dict[str, Any]:
    """Wait until nobody holds the gate shut."""
    _note("gate", payload)
    with Path(GATE).open(encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
    return payload


def _note(actor: str, payload: dict[str, Any]) -> int:
    """Add a line, whole or not at all, and return how many there were for this message."""
    line = {"actor": actor, "name": payload["name"], "at": time.time(), "pid": os.getpid()}
    notes = os.open(NOTES, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(notes, "r+", encoding="utf-8") as file:
        before = [json.loads(each) for each in file]
        file.write(f"{json.dumps(line)}\n")
    return sum((each["actor"], each["name"]) == (line["actor"], line["name"]) for each in before)
