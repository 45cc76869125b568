"""What the end actors have stored: results and errors by the id of their message."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

from asya_core.errors import ObjectMissingError
from asya_core.object_keys import claim_key, object_key
from asya_core.objects import ObjectStore

Kind = Literal["result", "error"]

INTERVAL = 0.05
"""Seconds between two looks for a message that is waited for. A store can't tell when something is written."""


@dataclass(frozen=True, slots=True)
class End:
    """The one end of a message: its kind, and the whole envelope as it was stored."""

    kind: Kind
    envelope: dict[str, Any]

    @property
    def id(self) -> str:
        """The message's id."""
        return str(self.envelope.get("id"))

    @property
    def payload(self) -> Any:
        """The result; of an error `{error, details, original_payload}`."""
        return self.envelope.get("payload")


class Results:
    """Both ends' objects in one store."""

    def __init__(self, store: ObjectStore, happy_prefix: str, error_prefix: str) -> None:
        self._store = store
        self._prefixes: dict[Kind, str] = {"result": happy_prefix, "error": error_prefix}

    def find(self, id_: str, *, generation: int = 0, created_at: str | None = None) -> End | None:
        """Return the end of a message, or None while there is none.

        `created_at` is as its producer wrote it. What no sidecar could read, such as a message that is too large, is
        found without it: its record tells no day. Raises ObjectStoreError when the store fails.
        """
        try:
            kind: Kind = json.loads(self._store.get(claim_key(id_, generation)))["end"]
            prefix = self._prefixes[kind]
        except (ObjectMissingError, ValueError, KeyError):  # not claimed, or just being claimed
            return None
        for day in dict.fromkeys((created_at, None)):
            with suppress(ObjectMissingError):  # not written yet, or written under the other day
                return End(kind, json.loads(self._store.get(object_key(prefix, id_, generation, day))))
        return None

    def has_ended(self, id_: str, *, generation: int = 0) -> bool:
        """Tell whether a message of this id has an end, whenever it was sent."""
        try:
            self._store.get(claim_key(id_, generation))
        except ObjectMissingError:
            return False
        return True

    async def wait(self, id_: str, within: float, *, generation: int = 0, created_at: str | None = None) -> End | None:
        """Wait until the message has ended and return its end, or None after `within` seconds."""
        until = time.monotonic() + within
        while True:
            end = self.find(id_, generation=generation, created_at=created_at)
            if end is not None or time.monotonic() >= until:
                return end
            await asyncio.sleep(INTERVAL)

    def ends(self) -> Iterator[End]:
        """Yield everything that is stored, in no particular order."""
        for kind in self._prefixes:
            yield from (End(kind, json.loads(self._store.get(key))) for key in self.keys(kind))

    def count(self, kind: Kind) -> int:
        """Return how many objects of a kind are stored, without reading them."""
        return sum(1 for _ in self.keys(kind))

    def keys(self, kind: Kind) -> Iterator[str]:
        """Yield the keys of a kind's objects."""
        return self._store.list(self._prefixes[kind].strip("/"))

    def children(self, id_: str) -> list[str]:
        """Return the ids of the message's fan-out children, and theirs, that are stored by now.

        A child whose id was too long to show its root is not found.
        """
        below = re.compile(re.escape(id_) + r"(?:-[0-9]+\.[0-9]+)+")
        ids = {_id_in(key) for kind in self._prefixes for key in self.keys(kind)}
        return sorted(each for each in ids if below.fullmatch(each))


def _id_in(key: str) -> str:
    """Return the id in `<prefix><day>/<id>.<generation>.json`."""
    name = key.rpartition("/")[2].removesuffix(".json")
    return unquote(name.rpartition(".")[0])
