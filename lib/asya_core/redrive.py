"""What is published for a stored error so that its message is tried again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from asya_core import cancellation
from asya_core.envelope import Envelope, Route, Status
from asya_core.outgoing import Publication
from asya_core.route import is_actor_name, next_actor, problem_with_route
from asya_core.stored_errors import StoredError, StoredErrorError
from asya_core.times import read_rfc3339, rfc3339

_CANCELLED = "cancelled_error"
_HISTORY = "redrives"
_LAST_GENERATION = 2**63 - 1
_LONGEST_HISTORY, _LONGEST_MESSAGE = 10, 200


@dataclass(frozen=True, slots=True)
class How:
    """How messages are to be tried again.

    At the actor where they failed; `from_start` at the first of their route. `actor` takes the place of whichever that
    is. A deadline that has passed refuses the message, unless there is a new one, `deadline` seconds from now, or it is
    dropped. `incomplete` also takes messages of which something other than the payload was left out when they were
    stored. Those that were redriven `most` times already are refused.
    """

    from_start: bool = False
    actor: str = ""
    deadline: float | None = None
    drop_deadline: bool = False
    incomplete: bool = False
    most: int | None = None


class CannotRedriveError(StoredErrorError):
    """This message can't be tried again as it is asked for; the sentence says why, and what to do."""


def redriven(error: StoredError, how: How, now: datetime) -> Publication:
    """Return the message for its next try: the same id, the next generation, the first attempt.

    Raises CannotRedriveError with a sentence.
    """
    _check(error, how)
    before = error.envelope
    route = _route(error, how)
    actor = next_actor(route)
    if actor is None:
        raise CannotRedriveError("its route is finished, so no actor is left for it; use --from-start, or --to ACTOR")
    envelope = Envelope(
        id=before.id,
        parent_id=before.parent_id,
        route=route,
        headers=_headers(error),
        status=_status(error, actor, how, now),
        unknown=before.unknown,
    )
    if error.payload is not None:
        envelope.payload = error.payload
    if error.reference is not None:
        envelope.payload_ref = error.reference
    return Publication(actor, envelope, "routing")


def _check(error: StoredError, how: How) -> None:
    """Raise CannotRedriveError for what is not there any more, or what nobody knows."""
    if error.generation >= (_LAST_GENERATION if how.most is None else how.most):
        raise CannotRedriveError(f"it was redriven {error.generation} times already; mend what it fails at first")
    if error.was_no_envelope and not (how.actor and error.is_edited):
        raise CannotRedriveError(
            "the message was no envelope, so it has no route; write the payload that was meant with "
            "`asya errors edit`, then name the actor with --to ACTOR"
        )
    if error.payload is None and error.reference is None:
        raise CannotRedriveError(
            "its payload was too large to be stored; give it one with `asya errors edit --payload-file`, or send it "
            "again from where it came"
        )
    lost = [part for part in error.omitted if part != "original_payload"]
    if lost and not how.incomplete:
        raise CannotRedriveError(
            f"it was too large to be stored whole, and lacks {', '.join(lost)}; send it again from where it came, or "
            "let it go without with --incomplete"
        )


def _route(error: StoredError, how: How) -> Route:
    before = error.envelope.route
    current = 0 if how.from_start else before.current
    actors = list(before.actors)
    if how.actor:
        if not is_actor_name(how.actor):
            raise CannotRedriveError(f"{how.actor!r} can't be an actor's name; correct --to")
        actors[current : current + 1] = [how.actor]
    route = Route(actors=actors, current=current, metadata=before.metadata, unknown=before.unknown)
    if problem := problem_with_route(route):
        raise CannotRedriveError(f"its route can't be followed; {problem}; send the work again with another route")
    return route


def _headers(error: StoredError) -> dict[str, Raw] | UnsetType:
    """Return the headers; without the wish to cancel it, which was granted already."""
    before = error.envelope.headers
    if before is UNSET or error.reason != _CANCELLED:
        return before
    return {name: value for name, value in before.items() if name != cancellation.HEADER} or UNSET


def _status(error: StoredError, actor: str, how: How, now: datetime) -> Status:
    """Begin a new life; what belongs to the message stays, and a line on the failure joins its history."""
    before = error.status
    return Status(
        phase="pending",
        actor=actor,
        attempt=1,
        generation=error.generation + 1,
        created_at=before.created_at,
        updated_at=rfc3339(now),
        deadline_at=_deadline(before, how, now),
        unknown={**(before.unknown or {}), _HISTORY: _history(error)},
    )


def _deadline(before: Status, how: How, now: datetime) -> str | UnsetType:
    if how.deadline is not None:
        return rfc3339(now + timedelta(seconds=how.deadline))
    if how.drop_deadline or before.deadline_at is UNSET:
        return UNSET
    until = read_rfc3339(before.deadline_at)
    if until is None or until <= now:
        raise CannotRedriveError(
            f"its deadline was {before.deadline_at}, so it would end at once; give it more time with "
            "--deadline 10m, or none with --deadline none"
        )
    return before.deadline_at


def _history(error: StoredError) -> Raw:
    """Return what it failed at before, the newest last, so that this outlives the object that is removed."""
    record = error.record
    failed: dict[str, Any] = {
        "generation": error.generation,
        "at": error.status.updated_at or None,
        "actor": error.actor,
        "reason": error.reason,
        "type": record.type or "",
        "message": (record.message or "")[:_LONGEST_MESSAGE],
    }
    return Raw(msgspec.json.encode([*history(error), failed][-_LONGEST_HISTORY:]))


def history(error: StoredError) -> list[dict[str, Any]]:
    """Return what the message failed at in earlier generations, the oldest first; at most the last ten."""
    written = (error.status.unknown or {}).get(_HISTORY, b"")
    try:
        return msgspec.json.decode(written, type=list[dict[str, Any]])
    except (msgspec.DecodeError, RecursionError):
        return []
