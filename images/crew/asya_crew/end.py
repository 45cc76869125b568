"""One end for each id and generation: whoever claims it first stores it, the other kind is dropped."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any, Literal

from asya_core.object_keys import claim_key, object_key
from asya_core.objects import ObjectStore
from asya_crew.record import created_at, document, identity

logger = logging.getLogger(__name__)

Kind = Literal["result", "error"]


class End:
    """Stores envelopes of one kind; safe to use from several threads and processes."""

    def __init__(self, kind: Kind, store: ObjectStore, prefix: str) -> None:
        self._kind = kind
        self._store = store
        self._prefix = prefix

    def keep(self, envelope: dict[str, Any]) -> None:
        """Store the envelope unless the other end has its id and generation.

        Doing it again writes the same object again. Raises ObjectStoreError when the store fails.
        """
        id_, generation = identity(envelope)
        owner = self._claim(claim_key(id_, generation))
        if owner == self._kind:
            self._store.put(object_key(self._prefix, id_, generation, created_at(envelope)), document(envelope))
            return
        logger.warning(
            "other_end_claimed: %s of generation %d has its %s already; this %s is dropped",
            id_,
            generation,
            owner,
            self._kind,
            extra={"event": "other_end_claimed", "id": id_, "generation": generation, "owner": owner},
        )

    def _claim(self, key: str) -> str:
        """Return the kind that owns the claim, after trying to make it ours."""
        claim = json.dumps({"end": self._kind, "at": datetime.now(UTC).isoformat()}).encode()
        if self._store.create(key, claim):
            return self._kind
        owner = _owner(self._store.get(key))
        if owner is None:
            # A loss of power cut it short before its maker stored anything, so the broker gives that message again.
            self._store.put(key, claim)
            return self._kind
        return owner


def _owner(claim: bytes) -> str | None:
    try:
        return str(json.loads(claim)["end"])
    except (ValueError, KeyError, TypeError):
        return None
