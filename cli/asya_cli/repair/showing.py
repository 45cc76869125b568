"""One error as a person reads it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from asya_cli.repair.error_store import Found
from asya_core.redrive import history
from asya_core.stored_errors import StoredError
from asya_core.times import rfc3339

_LONGEST_PAYLOAD = 4000
_LONGEST_LINE = 200
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def show(found: Found) -> Iterator[str]:
    """Yield lines: what went wrong, where, when, with what."""
    yield from map(printable, _lines(found))


def printable(text: str) -> str:
    """Return the text without what would command a terminal: messages come from anywhere."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _lines(found: Found) -> Iterator[str]:
    error = found.error
    yield f"{error.id}   generation {error.generation}"
    for name, value in _facts(error):
        yield f"  {name:<9} {value}"
    yield f"  {'object':<9} {found.key}"
    for lines in (_traceback(error), _payload(error)):
        yield from lines


def plain(found: Found) -> dict[str, Any]:
    """Return what a list shows of an error, for programs; the payload is not part of it."""
    error = found.error
    record, status = error.record, error.status
    return {
        "id": error.id,
        "generation": error.generation,
        "actor": error.actor,
        "reason": error.reason,
        "type": record.type or "",
        "message": record.message or "",
        "attempt": status.attempt or None,
        "max_attempts": status.max_attempts or None,
        "failed_at": _written(error.failed_at),
        "created_at": _written(error.created_at),
        "parent_id": error.envelope.parent_id or None,
        "edited": error.is_edited,
        "key": found.key,
    }


def summary(error: StoredError) -> str:
    """Return the exception and its text on one line."""
    record = error.record
    text = " ".join((record.message or "").split())
    return printable(f"{record.type}: {text}" if record.type else text)


def moment(time: datetime | None) -> str:
    """Return a time, to the second, in UTC."""
    return "-" if time is None else f"{time:%Y-%m-%d %H:%M:%S}"


def route(error: StoredError) -> str:
    """Return the plan, with the position at which the message stands in brackets."""
    given = error.envelope.route
    names = [f"[{name}]" if index == given.current else name for index, name in enumerate(given.actors)]
    if given.current >= len(given.actors):
        names.append("[end]")
    return " -> ".join(names)


def _facts(error: StoredError) -> Iterator[tuple[str, str]]:
    status = error.status
    attempts = f", attempt {status.attempt}" if status.attempt else ""
    most = f" of {status.max_attempts}" if attempts and status.max_attempts else ""
    yield (
        "failed",
        f"{moment(error.failed_at)} at {error.actor or 'nobody knows where'} ({error.reason}){attempts}{most}",
    )
    yield "error", summary(error)
    yield "route", route(error)
    yield "created", moment(error.created_at)
    if status.deadline_at is not UNSET:
        yield "deadline", status.deadline_at
    if error.envelope.parent_id is not UNSET:
        yield "parent", error.envelope.parent_id
    if error.envelope.headers is not UNSET:
        yield "headers", _short(msgspec.json.encode(error.envelope.headers).decode("utf-8", "replace"), _LONGEST_LINE)
    for earlier in history(error):
        told = f"{earlier.get('type')}: {earlier.get('message')}" if earlier.get("type") else earlier.get("message")
        yield "earlier", f"generation {earlier.get('generation')} at {earlier.get('actor')}: {_short(str(told), 100)}"
    if error.omitted:
        yield "left out", f"{', '.join(error.omitted)}: too large to be stored"


def _traceback(error: StoredError) -> Iterator[str]:
    if text := (error.record.traceback or "").rstrip():
        yield ""
        yield from text.splitlines()


def _payload(error: StoredError) -> Iterator[str]:
    yield ""
    if error.reference is not None:
        yield f"payload, stored by reference: {_text(error.reference)}"
        return
    title = "payload, edited; `--json` shows the original" if error.is_edited else "payload"
    yield f"{title}:"
    if error.payload is None:
        yield "(not stored)"
    else:
        yield from _short(_indented(error.payload), _LONGEST_PAYLOAD).splitlines()


def _indented(payload: Raw) -> str:
    """Return JSON on several lines, its numbers and texts as they are written."""
    return _text(Raw(msgspec.json.format(bytes(payload), indent=2)))


def _text(raw: Raw) -> str:
    return bytes(raw).decode("utf-8", "replace")


def _short(text: str, most: int) -> str:
    left = len(text) - most
    return text if left <= 0 else f"{text[:most]}\n... {left} more characters; --json shows all"


def _written(time: datetime | None) -> str | None:
    return None if time is None else rfc3339(time)


def dump(value: Any) -> bytes:
    """Return a line of JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
