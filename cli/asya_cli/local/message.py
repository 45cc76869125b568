"""Envelopes as a producer makes them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from msgspec import UNSET, Raw

from asya_core import cancellation
from asya_core.envelope import Envelope, Route, Status
from asya_core.errors import EnvelopeError
from asya_core.ids import new_id, problem_with_ids
from asya_core.route import problem_with_route
from asya_core.times import rfc3339


@dataclass(frozen=True, slots=True)
class Order:
    """What all messages of one call share: the plan, headers, and the time that each may take, in seconds.

    With the URL of a store in `markers`, each can be cancelled by a marker there.
    """

    actors: Sequence[str]
    headers: Mapping[str, str] = field(default_factory=dict)
    deadline: float | None = None
    markers: str = ""


def make_envelope(order: Order, payload: bytes, now: datetime, id_: str | None = None) -> Envelope:
    """Return a new message; `payload` is JSON. Raises EnvelopeError for an id or a route that is against the rules."""
    id_ = id_ or new_id()
    route = Route(actors=list(order.actors))
    if problem := problem_with_ids(id_, UNSET) or problem_with_route(route):
        raise EnvelopeError("msg_parsing_error", problem)
    status = Status(created_at=rfc3339(now), generation=0)
    if order.deadline is not None:
        status.deadline_at = rfc3339(now + timedelta(seconds=order.deadline))
    cancel = {cancellation.HEADER: cancellation.marker_uri(order.markers, id_)} if order.markers else {}
    headers = {name: Raw(msgspec.json.encode(value)) for name, value in {**order.headers, **cancel}.items()}
    return Envelope(id=id_, route=route, headers=headers or UNSET, status=status, payload=Raw(payload))


def split_lines(content: bytes) -> Iterable[tuple[int, bytes]]:
    """Yield each line that is not empty with its number, counted from 1."""
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            yield number, line.strip()
