"""Payloads of which it is known that they lie in the store, so that they are not sent there again; pure."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime, timedelta

from msgspec import Raw

from asya_core.claim_check import Reference, write_reference

MOST = 4096
"""Payloads that are remembered at most."""

REMEMBERED_SECONDS = 3600.0
"""For so long; nobody removes what was stored or read within that time."""

KEPT_DAYS = 1
"""A payload of an earlier day than so many before today is stored anew, as its time in the store may end soon."""


class KnownPayloads:
    """References by the hash of what they lead to. Times in seconds of one clock, that of leases for example."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[Reference, float]] = OrderedDict()

    def add(self, reference: Reference, now: float, today: datetime) -> None:
        """Remember a payload that was stored or read just now, unless it has lain there for long."""
        if _is_old(reference, today):
            return
        self._known[reference.sha256] = reference, now
        self._known.move_to_end(reference.sha256)
        if len(self._known) > MOST:
            self._known.popitem(last=False)

    def find(self, sha256: str, now: float, today: datetime) -> Raw | None:
        """Return the reference to the content with this hash."""
        found = self._known.get(sha256)
        if found is None or now - found[1] > REMEMBERED_SECONDS or _is_old(found[0], today):
            return None
        return write_reference(found[0])


def _is_old(reference: Reference, today: datetime) -> bool:
    day = reference.uri.rsplit("/", 2)[-2]
    return day < (today.astimezone(UTC) - timedelta(days=KEPT_DAYS)).date().isoformat()
