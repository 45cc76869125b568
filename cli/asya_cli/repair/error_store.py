"""The objects of error-end, read as a stream: however many there are, only a few are in memory at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from asya_cli.repair.selection import Selection
from asya_core.errors import ObjectMissingError
from asya_core.object_keys import claim_key
from asya_core.objects import ObjectStore, Version
from asya_core.stored_errors import StoredError, StoredErrorError, read_error

DISCARDED_PREFIX = "discarded-asya/"
"""Where discarded errors lie, in case they were wanted after all."""

_READERS = 8
_AHEAD = 2 * _READERS
"""Objects that are read before somebody takes them; each may hold a whole payload."""


@dataclass(frozen=True, slots=True)
class Found:
    """An error, its object's key and content, and which version of the object that was."""

    key: str
    version: Version
    error: StoredError
    content: bytes


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An object among the errors that is none; the sentence says why."""

    key: str
    sentence: str


class ErrorStore:
    """Errors of one environment. Every method raises ObjectStoreError when the store fails."""

    def __init__(self, store: ObjectStore, prefix: str) -> None:
        self._store = store
        self._prefix = prefix.strip("/")

    def keys(self, selection: Selection, *, newest_first: bool = False) -> Iterator[str]:
        """Yield the keys of all errors that may be meant, day by day as their messages were created."""
        days = [day for day in self._store.folders(self._prefix) if selection.covers_day(day)]
        for day in sorted(days, reverse=newest_first):
            listed = self._store.list_versions(f"{self._prefix}/{day}" if self._prefix else day)
            yield from sorted(key for key, written in listed if selection.covers_key(key, written))

    def read(self, selection: Selection, *, newest_first: bool = False) -> Iterator[Found | Unreadable]:
        """Yield the errors that are meant, in the order of `keys`."""
        for found in self._read_ahead(self.keys(selection, newest_first=newest_first)):
            if isinstance(found, Unreadable) or (found is not None and selection.covers(found.error)):
                yield found

    def count(self, selection: Selection, counted: Callable[[], None] = lambda: None) -> int:
        """Count the errors that are meant, and call `counted` with each."""
        number = 0
        for _ in self.read(selection) if selection.needs_content else self.keys(selection):
            number += 1
            counted()
        return number

    def find(self, id_: str) -> list[Found]:
        """Return all errors of a message, those of later generations last."""
        found = [each for each in self.read(Selection(ids=frozenset({id_}))) if isinstance(each, Found)]
        return sorted(found, key=lambda each: each.error.generation)

    def has_ended(self, id_: str, generation: int) -> bool:
        """Whether a generation of a message has an end, whatever became of the end's object."""
        try:
            self._store.get(claim_key(id_, generation))
        except ObjectMissingError:
            return False
        return True

    def replace(self, found: Found, content: bytes) -> bool:
        """Write the object anew; False when it is not the version any more that was read."""
        return self._store.replace(found.key, content, found.version)

    def remove(self, found: Found) -> bool:
        """Remove the object; False when it is not the version any more that was read."""
        return self._store.remove(found.key, found.version)

    def set_aside(self, found: Found) -> bool:
        """Move the object to the discarded ones; False, and it stays, when it is not the version that was read.

        It is copied first, so that nothing is lost when this dies in between; the copy stays where the object then is
        not removed. Another discard of the same error may have made it, so it is not taken back.
        """
        below = found.key.removeprefix(f"{self._prefix}/")
        self._store.put(f"{DISCARDED_PREFIX}{below}", found.content)
        return self.remove(found)

    def _read_ahead(self, keys: Iterable[str]) -> Iterator[Found | Unreadable | None]:
        pending: deque[Future[Found | Unreadable | None]] = deque()
        pool = ThreadPoolExecutor(_READERS, thread_name_prefix="asya errors")
        try:
            for key in keys:
                pending.append(pool.submit(self._read_one, key))
                if len(pending) >= _AHEAD:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _read_one(self, key: str) -> Found | Unreadable | None:
        """Return the error, or None when somebody has just removed it."""
        with suppress(ObjectMissingError):
            content, version = self._store.read(key)
            try:
                return Found(key, version, read_error(content), content)
            except StoredErrorError as error:
                return Unreadable(key, str(error))
        return None
