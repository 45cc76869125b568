"""Bytes on an actor's queue that are no envelope, or one that an actor may not run; by the id of their row."""

from __future__ import annotations

import json
from typing import Any

SIZE = 65_536
"""The largest message that the actor of these tests takes."""

ABSENT = object()
_PLAN = {"actors": ["a", "b"], "current": 0}


def envelope(name: str, **members: Any) -> dict[str, Any]:
    """Return a good envelope but for what `members` say; ABSENT takes one away."""
    whole = {"id": name, "route": _PLAN, "payload": 1, **members}
    return {key: value for key, value in whole.items() if value is not ABSENT}


def changed(name: str, **members: Any) -> bytes:
    return json.dumps(envelope(name, **members)).encode()


def route(name: str, **members: Any) -> bytes:
    plan = {key: value for key, value in {**_PLAN, **members}.items() if value is not ABSENT}
    return changed(name, route=plan)


def status(name: str, **members: Any) -> bytes:
    return changed(name, status=members)


def with_text(name: str, payload: bytes) -> bytes:
    """Return an envelope whose payload is this text, JSON or not."""
    return changed(name, payload="@").replace(b'"@"', payload)


BODIES: dict[str, bytes] = {
    "body-empty": b"",
    "body-truncated": changed("body-truncated")[:-8],
    "body-truncated-in-a-text": changed("body-truncated-in-a-text")[:12],
    "body-not-utf-8": with_text("body-not-utf-8", b'"\xff"'),
    "body-utf-16": changed("body-utf-16").decode().encode("utf-16"),
    "body-byte-order-mark": b"\xef\xbb\xbf" + changed("body-byte-order-mark"),
    "body-not-json": b"hello",
    "body-two-objects": changed("body-two-objects") * 2,
    "body-control-character": with_text("body-control-character", b'"a\nb"'),
    "body-nan": with_text("body-nan", b"NaN"),
    "body-infinity": with_text("body-infinity", b"-Infinity"),
    "body-half-a-surrogate-pair": with_text("body-half-a-surrogate-pair", rb'"\ud83d"'),
    "body-single-quotes": b"{'id': 'body-single-quotes'}",
    "body-too-deep": with_text("body-too-deep", b"[" * 300 + b"]" * 300),
    "body-far-too-deep": b"[" * 10_000,
    "body-no-object": b"[1, 2, 3]",
    "body-null": b"null",
}
ENVELOPES: dict[str, bytes] = {
    "id-absent": changed("", id=ABSENT),
    "id-of-another-type": changed("", id=5),
    "id-null": changed("", id=None),
    "id-empty": changed("", id=""),
    "id-too-long": changed("i" * 129),
    "id-with-other-characters": changed("naïve id"),
    "id-with-half-a-surrogate-pair": changed("@").replace(b'"@"', rb'"\ud800"'),
    "id-like-a-childs": changed("order-0.1"),
    "parent-id-of-another-type": changed("parent-id-of-another-type", parent_id=["x"]),
    "parent-id-empty": changed("parent-id-empty", parent_id=""),
    "route-absent": changed("route-absent", route=ABSENT),
    "route-of-another-type": changed("route-of-another-type", route=["a", "b"]),
    "actors-absent": route("actors-absent", actors=ABSENT),
    "actors-of-another-type": route("actors-of-another-type", actors="a"),
    "actors-with-another-type": route("actors-with-another-type", actors=["a", 2]),
    "position-of-another-type": route("position-of-another-type", current="0"),
    "position-null": route("position-null", current=None),
    "position-true": route("position-true", current=True),
    "position-not-whole": route("position-not-whole", current=0.5),
    "position-huge": route("position-huge", current=10**30),
    "headers-of-another-type": changed("headers-of-another-type", headers=["x"]),
    "status-of-another-type": changed("status-of-another-type", status="pending"),
    "status-null": changed("status-null", status=None),
    "attempt-of-another-type": status("attempt-of-another-type", attempt="1"),
    "attempt-negative": status("attempt-negative", attempt=-1),
    "attempt-huge": status("attempt-huge", attempt=2**64),
    "max-attempts-negative": status("max-attempts-negative", max_attempts=-5),
    "generation-negative": status("generation-negative", generation=-1),
    "phase-of-another-type": status("phase-of-another-type", phase=1),
    "created-at-of-another-type": status("created-at-of-another-type", created_at=1767225600),
    "deadline-of-another-type": status("deadline-of-another-type", deadline_at=1767225600),
    "deadline-no-time": status("deadline-no-time", deadline_at="tomorrow"),
    "error-of-another-type": status("error-of-another-type", error="it failed"),
    "error-bases-of-another-type": status("error-bases-of-another-type", error={"mro": "ValueError"}),
    "payload-absent": changed("payload-absent", payload=ABSENT),
    "payload-by-reference": changed("payload-by-reference", payload=ABSENT, payload_ref={"uri": "s3://bucket/key"}),
}
ROUTES: dict[str, bytes] = {
    "route-of-another-actor": route("route-of-another-actor", actors=["x", "b"]),
    "route-at-another-position": route("route-at-another-position", current=1),
    "route-finished": route("route-finished", current=2),
    "route-empty": route("route-empty", actors=[]),
    "position-negative": route("position-negative", current=-1),
    "position-past-the-end": route("position-past-the-end", current=9),
    "route-names-happy-end": route("route-names-happy-end", actors=["a", "happy-end"]),
    "route-names-error-end": route("route-names-error-end", actors=["a", "error-end"]),
    "route-names-no-actor": route("route-names-no-actor", actors=["a", "No_Actor"]),
    "route-without-a-queue": route("route-without-a-queue", actors=["a", "nobody"]),
    "deadline-passed": status("deadline-passed", deadline_at="2020-01-01T00:00:00Z"),
}
HUGE = b'{"n":[1e999,-' + b"9" * 5000 + b"]}"
TAKEN: dict[str, tuple[bytes, bytes]] = {
    "envelope-member-twice": (with_text("envelope-member-twice", b'0,"payload":2'), b"2"),
    "payload-huge-number": (with_text("payload-huge-number", HUGE), HUGE),
    "payload-member-twice": (with_text("payload-member-twice", b'{"a":1,"a":2}'), b'{"a":2}'),
    "payload-text-of-zeros": (with_text("payload-text-of-zeros", rb'"\u0000\u0000"'), rb'"\u0000\u0000"'),
    "actor-since-no-time": (status("actor-since-no-time", actor_since="yesterday"), b"1"),
    "unknown-members": (changed("unknown-members", future={"x": 1}), b"1"),
}
"""What is odd and taken all the same, and the payload that comes out of an echo."""
