"""Which errors are meant: by id, actor, reason, exception and time. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from asya_cli.errors import MisuseError
from asya_core.durations import parse_duration
from asya_core.object_keys import split_key, written_id
from asya_core.stored_errors import StoredError

_SKEW = timedelta(hours=1)
"""How far clocks of brokers, pods and stores may lie apart."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Errors that fit everything that is given; of several values of one kind, one has to fit.

    `types` are exceptions or their bases, in full or in short. `since` and `until` are about when a message failed.
    """

    ids: frozenset[str] = frozenset()
    actors: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    names: frozenset[str] = field(init=False, repr=False, compare=False)
    """The ids as keys write them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset(map(written_id, self.ids)))

    @property
    def is_everything(self) -> bool:
        """Whether nothing is given."""
        return self == Selection()

    @property
    def needs_content(self) -> bool:
        """Whether an error has to be read to know whether it is meant."""
        return any((self.actors, self.reasons, self.types, self.since, self.until))

    def covers_day(self, day: str) -> bool:
        """Whether an error of a message that was created on this day may be meant: it failed on it or later."""
        if self.until is None:
            return True
        try:
            return date.fromisoformat(day) <= (self.until + timedelta(days=1)).date()
        except ValueError:  # undated
            return True

    def covers_key(self, key: str, written: datetime) -> bool:
        """Whether the object of this key, last written at this time, may be meant: it failed before it was written."""
        if self.since is not None and written < self.since - _SKEW:
            return False
        found = split_key(key)
        return found is not None and (not self.names or found[0] in self.names)

    def covers(self, error: StoredError) -> bool:
        """Whether this error is meant."""
        return (
            (not self.ids or error.id in self.ids)
            and (not self.actors or error.actor in self.actors)
            and (not self.reasons or error.reason in self.reasons)
            and (not self.types or not self.types.isdisjoint(_types(error)))
            and self._covers_time(error.failed_at)
        )

    def _covers_time(self, failed_at: datetime | None) -> bool:
        if self.since is None and self.until is None:
            return True
        if failed_at is None:
            return False
        return (self.since is None or failed_at >= self.since) and (self.until is None or failed_at <= self.until)


def read_time(given: str, option: str, *, end_of_day: bool = False) -> datetime:
    """Read a time that a person gives: a day, or a day and a time; in UTC unless it names a zone.

    A day alone is its beginning, or its end. Raises MisuseError.
    """
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise MisuseError(
            f"{option} {given!r} is no time; write it like 2026-03-01, 2026-03-01T10:00 or 2026-03-01T10:00+02:00"
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    is_day = len(given) == len("2026-03-01")
    return moment + timedelta(days=1) - timedelta(microseconds=1) if end_of_day and is_day else moment


def read_last(given: str, now: datetime) -> datetime:
    """Return the time that lies a duration like `2h` before now; `d` stands for days. Raises MisuseError."""
    try:
        if given.endswith("d"):
            return now - timedelta(days=float(given[:-1]))
        return now - timedelta(seconds=parse_duration(given))
    except (ValueError, OverflowError):
        raise MisuseError(f"--last {given!r} is no duration; write it like 30m, 2h or 7d") from None


def _types(error: StoredError) -> Iterable[str]:
    record = error.record
    for name in (record.type or "", *(record.mro or ())):
        yield name
        yield name.rpartition(".")[2]
