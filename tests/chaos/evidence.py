"""Reads what a run left behind: objects, claims, the handlers' notes, and what the ends said."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from asya_cli.local.results import End, Results
from asya_core.object_keys import CLAIMS
from asya_core.objects import ObjectStore
from tests.chaos.ledger import Stored
from tests.chaos.messages import filler


def read_ends(results: Results) -> list[Stored]:
    """Read every stored object."""
    return [_stored(end) for end in results.ends()]


def ended_names(results: Results) -> set[str]:
    """Return the names of all ids that have an end, without reading what is stored."""
    keys = (key for kind in ("result", "error") for key in results.keys(kind))
    return {Stored(_id_of(key.removesuffix(".json")), "result").name for key in keys}


def read_claims(store: ObjectStore) -> dict[str, str]:
    """Return which end owns each id."""
    return {_id_of(key): json.loads(store.get(key))["end"] for key in store.list(CLAIMS.strip("/"))}


def read_executions(notes: Path) -> Counter[str]:
    """Return how often handlers began to run for each message."""
    if not notes.exists():
        return Counter()
    return Counter(line.split()[1] for line in notes.read_text(encoding="ascii").splitlines())


def count_dropped(logs: Iterator[Path]) -> int:
    """Return how often an end dropped a message because the other end had its id."""
    return sum(log.read_text(encoding="utf-8", errors="replace").count("other_end_claimed:") for log in logs)


def _stored(end: End) -> Stored:
    payload: Any = end.payload
    if end.kind != "result" or not isinstance(payload, dict):
        return Stored(end.id, end.kind)
    whole = payload.get("filler") == (filler(payload["name"]) if payload.get("kind") == "big" else None)
    return Stored(end.id, end.kind, tuple(payload.get("steps", ())) if whole else ("something else",))


def _id_of(key: str) -> str:
    """Return the id in the last segment of a key, `<id>.<generation>`."""
    return unquote(key.rpartition("/")[2].rpartition(".")[0])
