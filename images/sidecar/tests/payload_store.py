"""A folder that stands for an object store, and messages whose payloads lie in it."""

from __future__ import annotations

import contextlib
import hashlib
import json
from datetime import UTC, datetime

from asya_core.claim_check import Place
from images.sidecar.tests.bench import envelope

LARGE, LARGER = "x" * 2000, "y" * 3000


class Store:
    """The folder that stands for an object store."""

    def __init__(self, folder):
        self.folder = folder
        self.place = Place(folder.as_uri(), "payloads-asya")
        self.settings = {"ASYA_CLAIM_CHECK_URL": folder.as_uri(), "ASYA_CLAIM_CHECK_THRESHOLD": "1000"}
        folder.mkdir()

    @property
    def objects(self):
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def put(self, payload):
        """Store a payload as another actor's sidecar would, and return the reference to it."""
        body = json.dumps(payload, separators=(",", ":")).encode()
        reference = self.place.refer(hashlib.sha256(body).hexdigest(), len(body), datetime.now(UTC))
        path = self.folder / self.place.key_of(reference)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return {"uri": reference.uri, "sha256": reference.sha256, "size": reference.size}

    def content(self, reference):
        return json.loads(self.folder.joinpath(reference["uri"].removeprefix(self.folder.as_uri() + "/")).read_bytes())

    @contextlib.contextmanager
    def away(self):
        hidden = self.folder.rename(self.folder.with_name("hidden"))
        yield
        hidden.rename(self.folder)


def referring(reference, id_="m1", **more):
    made = envelope(id_, **more)
    del made["payload"]
    return {**made, "payload_ref": reference}


async def store_failed(bench, times):
    await bench.ledger.until(lambda: len(bench.ledger.all("store failed")) >= times)
