"""Where an envelope goes next, and what a handler in envelope mode may change about that."""

from __future__ import annotations

import functools
import re

from msgspec import UNSET, Raw, UnsetType

from asya_core.envelope import Edit, Envelope, Route
from asya_core.errors import RouteError

HAPPY_END = "happy-end"
ERROR_END = "error-end"
ENDS = (HAPPY_END, ERROR_END)
"""The actors that store results and errors; a route never names them."""

_OWN_HEADERS = "x-asya-"
_LONGEST_NAME = 63
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")


def is_actor_name(name: str) -> bool:
    """Tell whether `name` can be an actor's: an RFC 1123 label of at most 63 characters."""
    return len(name) <= _LONGEST_NAME and _LABEL.fullmatch(name) is not None


def problem_with_actor(name: str) -> str | None:
    """Say why a route may not name this actor, or None."""
    # Long names come from whoever sends garbage; they are not worth remembering.
    return _problem(name) if len(name) <= _LONGEST_NAME else _no_name(name)


def next_actor(route: Route) -> str | None:
    """Return the actor at the route's position, or None when it is finished."""
    return route.actors[route.current] if route.current < len(route.actors) else None


def problem_with_route(route: Route) -> str | None:
    """Say which rule a route breaks, or None. The rules hold for every route, wherever it is."""
    if not 0 <= route.current <= len(route.actors):
        return f"route.current: {route.current} is outside of 0 to {len(route.actors)}, the number of actors"
    for index, name in enumerate(route.actors):
        if problem := problem_with_actor(name):
            return f"route.actors[{index}]: {problem}"
    return None


def advanced(route: Route) -> Route:
    """Return the route one step on."""
    return Route(actors=route.actors, current=route.current + 1, metadata=route.metadata, unknown=route.unknown)


def check_edit(original: Envelope, returned: Edit) -> None:
    """Hold what a handler in envelope mode returned against the untouched original.

    It may add, replace or remove what lies ahead. Raises RouteError with a sentence that names the broken rule.
    """
    before, after = original.route, returned.route
    done = before.current + 1
    if returned.id != original.id:
        raise RouteError(f"a handler may not change the id, and returned {returned.id!r} for {original.id!r}")
    if after.current != done:
        raise RouteError(
            f"a handler must advance route.current by exactly one, from {before.current} to {done}; "
            f"it returned {after.current}"
        )
    if after.actors[:done] != before.actors[:done]:
        raise RouteError(
            f"a handler may not change the steps already taken; route.actors began with {before.actors[:done]} "
            f"and came back with {after.actors[:done]}"
        )
    if problem := problem_with_route(after):
        raise RouteError(problem)
    if returned.payload is UNSET:
        raise RouteError("a handler must return the envelope with its payload, which may be null")


def restored(original: Envelope, returned: Edit) -> Envelope:
    """Return the handler's envelope with everything that is not the handler's taken from the original."""
    return Envelope(
        id=original.id,
        parent_id=original.parent_id,
        route=returned.route,
        headers=_with_own_headers(original, returned),
        status=original.status,
        payload=returned.payload,
        unknown=returned.unknown,
    )


def _with_own_headers(original: Envelope, returned: Edit) -> dict[str, Raw] | UnsetType:
    """Take the handler's headers, but ours, and those that only sidecars read, from the original."""
    mine = (
        {} if original.headers is UNSET else {k: v for k, v in original.headers.items() if k.startswith(_OWN_HEADERS)}
    )
    if returned.headers is UNSET:
        return mine or UNSET
    return {k: v for k, v in returned.headers.items() if not k.startswith(_OWN_HEADERS)} | mine


@functools.lru_cache(maxsize=4096)
def _problem(name: str) -> str | None:
    if name in ENDS:
        return f"{name!r} is reached by finishing the route, not by naming it; remove it"
    return None if is_actor_name(name) else _no_name(name)


def _no_name(name: str) -> str:
    return f"{name[:80]!r} can't be an actor's name (at most 63 lower-case letters, digits and -)"
