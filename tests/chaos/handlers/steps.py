"""The handlers of the pipeline that is put under fire. Each notes that it ran, and puts its name into the payload."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from typing import Any

NOTES = "executions.log"
"""File in the working directory: a line `<actor> <name of the message>` for each execution that began."""

PARTS = 3
WORK_SECONDS = 0.004
"""Long enough that a kill often finds a handler at work."""


class PassingError(Exception):
    """Goes away by itself: the second attempt finds nothing wrong."""


class PoisonError(Exception):
    """Comes back however often it is tried."""


async def plain(payload: dict[str, Any]) -> dict[str, Any]:
    """Pass the payload on, several at a time."""
    _note("plain", payload)
    await asyncio.sleep(WORK_SECONDS)
    return _seen("plain", payload)


def split(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Make three of one where it says so; of some, fail before the third."""
    _note("split", payload)
    _work()
    for part in range(PARTS if payload["kind"] in ("fan", "half") else 1):
        if payload["kind"] == "half" and part == PARTS - 1:
            raise PoisonError("there is no third part")
        yield {**_seen("split", payload), "part": part}


def flaky(envelope: dict[str, Any]) -> dict[str, Any]:
    """Fail as the payload says: at the first attempt alone, or at every one."""
    payload = envelope["payload"]
    _note("flaky", payload)
    _work()
    if payload["kind"] == "poison":
        raise PoisonError("it never works")
    if payload["kind"] == "passing" and envelope["status"].get("attempt", 1) == 1:
        raise PassingError("not this time")
    return _onward(envelope, "flaky")


class Judge:
    """Sends some messages on a detour that was not in their route."""

    def __init__(self, detour: str = "refine") -> None:
        self._detour = detour

    def process(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """Look at one message."""
        payload, route = envelope["payload"], envelope["route"]
        _note("judge", payload)
        _work()
        if payload["kind"] == "detour":
            route["actors"].insert(route["current"] + 1, self._detour)
        return _onward(envelope, "judge")


class Refine:
    """The detour; a class that learned something when it was made."""

    def __init__(self) -> None:
        self._learned = "refine"

    def process(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Do what the judge found wanting."""
        _note("refine", payload)
        _work()
        return _seen(self._learned, payload)


def _onward(envelope: dict[str, Any], step: str) -> dict[str, Any]:
    envelope["payload"] = _seen(step, envelope["payload"])
    envelope["route"]["current"] += 1
    return envelope


def _seen(step: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {**payload, "steps": [*payload["steps"], step]}


def _work() -> None:
    time.sleep(WORK_SECONDS)


def _note(actor: str, payload: dict[str, Any]) -> None:
    """Add a line, whole or not at all, whoever else writes and whatever kills us."""
    notes = os.open(NOTES, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(notes, f"{actor} {payload['name']}\n".encode())
    finally:
        os.close(notes)
