"""Which payloads, and markers of cancelled messages, have lain in the store for long enough. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from asya_cli.errors import MisuseError
from asya_core.cancellation import FOLDER, is_marker
from asya_core.durations import parse_duration

SHORTEST = timedelta(days=2)
"""Messages that are sent now may refer to payloads of yesterday."""

_HALF_WRITTEN = re.compile(r"(.+)#[0-9]+", re.ASCII)
_PAYLOAD = re.compile(r"[0-9a-f]{64}", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_KEY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})/[0-9a-f]{64}", re.ASCII)


def read_age(given: str) -> timedelta:
    """Return a length of time such as `30d` or `720h`. Raises MisuseError for none, and for one that is too short."""
    try:
        age = timedelta(days=float(given[:-1])) if given.endswith("d") else timedelta(seconds=parse_duration(given))
    except (ValueError, OverflowError):
        raise MisuseError(f"--older-than {given!r} is no duration; write it like 30d or 720h") from None
    if not age >= SHORTEST:
        raise MisuseError(
            f"--older-than {given}: messages that are sent now may refer to payloads of yesterday; use at least 2d, "
            "and more than messages wait in queues and errors for their redrive"
        )
    return age


def expired(keys: Iterable[str], prefix: str, before: datetime) -> Iterator[str]:
    """Yield the keys of payloads that were stored before that time; what is no payload is never among them.

    The day in a key is that on which it was stored, in UTC, so a payload counts as stored at its day's end.
    """
    for key in keys:
        if not key.startswith(prefix) or (found := _KEY.fullmatch(key.removeprefix(prefix))) is None:
            continue
        if is_past(found[1], before):
            yield key


def expired_markers(written: Iterable[tuple[str, datetime]], before: datetime) -> Iterator[str]:
    """Yield the keys of markers that were written before that time, of keys with the time of each."""
    yield from (key for key, at in written if is_marker(key) and at < before)


def is_past(name: str, before: datetime) -> bool:
    """Tell whether a folder is that of a day, in UTC, which ended before that time."""
    try:
        end = datetime.fromisoformat(name).replace(tzinfo=UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        return False
    return _DAY.fullmatch(name) is not None and end <= before


def is_half_written(name: str) -> bool:
    """Tell whether a file is what a writer that was killed has left of a payload; stores do not list such files."""
    found = _HALF_WRITTEN.fullmatch(name)
    return found is not None and _PAYLOAD.fullmatch(found[1]) is not None


def is_half_written_marker(name: str) -> bool:
    """Tell the same of a marker."""
    found = _HALF_WRITTEN.fullmatch(name)
    return found is not None and is_marker(f"{FOLDER}{found[1]}")
