"""Read what happy-end and error-end have stored, each file once."""

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from .ledger import Failure, Result


class Ends:
    """The folders that the ends write to, each `<day>/<id>.<generation>.json`."""

    def __init__(self, results: Path, errors: Path) -> None:
        self.results = results
        self.errors = errors
        self._seen: set[str] = set()

    def new(self) -> Iterator[Result | Failure]:
        """Yield the ends stored since the last call, at the price of one listing and one read for each new file."""
        for entry in self._unseen(self.results):
            yield read_result(_document(entry), entry.stat().st_mtime)
        for entry in self._unseen(self.errors):
            yield read_failure(_document(entry))

    def _unseen(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        for day in folder.glob("*/"):
            with os.scandir(day) as entries:
                for entry in entries:
                    # A file that is still being written has another suffix, and gets its name when it is whole.
                    if entry.path not in self._seen and entry.name.endswith(".json"):
                        self._seen.add(entry.path)
                        yield entry


def read_result(envelope: dict[str, Any], stored_at: float) -> Result | Failure:
    """Read a stored result; one that no image can have is a failure."""
    payload, route, status = envelope["payload"], envelope["route"], envelope["status"]
    if "image" not in payload or "classified" not in payload:
        return Failure(envelope["id"], f"ended early, at {status.get('actor', 'an unknown actor')}: {payload}")
    return Result(
        id=envelope["id"],
        image=payload["image"],
        classified=payload["classified"],
        confidence=payload["confidence"],
        refined=payload.get("refined"),
        created_at=datetime.fromisoformat(status["created_at"]).timestamp(),
        stored_at=stored_at,
        hops=len(route["actors"]),  # `split` had the batch, not the image; happy-end is not in the route, but visited
    )


def read_failure(envelope: dict[str, Any]) -> Failure:
    """Read a stored error."""
    payload, status = envelope["payload"], envelope.get("status", {})
    details = payload.get("details", {})
    where = status.get("actor", "an unknown actor")
    return Failure(envelope["id"], f"{payload.get('error')} at {where}: {details.get('message', 'no message')}")


def _document(entry: os.DirEntry[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(Path(entry).read_bytes())
    return document
