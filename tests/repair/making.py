"""Errors as sidecars make them and error-end stores them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from asya_core.envelope import decode, encode
from asya_core.error_record import to_error_end
from asya_core.faults import Fault
from asya_core.limits import Limits
from asya_core.object_keys import CLAIMS
from asya_core.objects import ObjectStore
from asya_crew.end import End, Kind
from asya_runtime.decoding import decode_exactly

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMITS = Limits()


def message(id_: str, actors: list[str], **members: Any) -> dict[str, Any]:
    """Return a message that is at the last of its actors."""
    status = {"created_at": "2026-03-01T10:00:00Z", **members.pop("status", {})}
    route = {"actors": actors, "current": len(actors) - 1}
    return {"id": id_, "route": route, "status": status, "payload": {"of": id_}, **members}


def record(envelope: dict[str, Any], *, at: datetime = NOW, **fault: Any) -> bytes:
    """Return the error envelope of a message that failed."""
    failure = {"code": "processing_error", "message": "no", "type": "ValueError", "mro": ["ValueError", "Exception"]}
    actor = envelope["route"]["actors"][-1]
    made = to_error_end(decode(json.dumps(envelope).encode(), LIMITS), Fault(**{**failure, **fault}), actor, at, 3)
    return encode(made.envelope)


def keep(store: ObjectStore, body: bytes, kind: Kind = "error") -> None:
    """Store an envelope as the end actor of its kind does."""
    envelope: Any = decode_exactly(body)
    End(kind, store, {"error": "error-asya/", "result": "happy-asya/"}[kind]).keep(envelope)


def keep_error(store: ObjectStore, id_: str, actors: list[str], **members: Any) -> None:
    """Store the error of a message; `fault` and `at` say which and when."""
    fault, at = members.pop("fault", {}), members.pop("at", NOW)
    keep(store, record(message(id_, actors, **members), at=at, **fault))


def stored(store: ObjectStore) -> list[str]:
    """Return the keys of all objects that are no claims."""
    return sorted(key for key in store.list() if not key.startswith(CLAIMS))
