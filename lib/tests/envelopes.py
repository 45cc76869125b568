"""Envelopes as JSON text, drawn at random; for tests that hold for every envelope."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from msgspec import Raw, UnsetType

from asya_core.envelope import decode
from asya_core.limits import Limits

LIMITS = Limits()

blanks = st.sampled_from(["", "", "", " ", "\n", "\t\r "])
texts = st.text('ab09.é€😀"\\/\n\x00\x7f{}[]:,', max_size=8)
strings = st.builds(json.dumps, texts, ensure_ascii=st.booleans())
numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,4})?", fullmatch=True)
atoms = st.sampled_from(["null", "true", "false", "1e999", "-0", "9" * 5000]) | numbers | strings


def _array(items: list[str], blank: str) -> str:
    return f"[{blank}{f'{blank},{blank}'.join(items)}{blank}]"


def _object(members: dict[str, str], blank: str) -> str:
    written = (f"{json.dumps(name)}{blank}:{blank}{value}" for name, value in members.items())
    return f"{{{blank}{f'{blank},{blank}'.join(written)}{blank}}}"


def _containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    arrays = st.builds(_array, st.lists(inner, max_size=4), blanks)
    return arrays | st.builds(_object, st.dictionaries(texts, inner, max_size=4), blanks)


json_texts = st.recursive(atoms, _containers, max_leaves=5)
"""Any JSON, as text: spaces, escapes and numbers that no float can hold are part of it."""

ids = st.from_regex(r"[A-Za-z0-9:_-][A-Za-z0-9_:-]{0,127}", fullmatch=True)
names = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
moments = st.datetimes().map(lambda moment: json.dumps(f"{moment.isoformat()}Z"))
counts = st.integers(0, 2**63 - 1).map(str)
mistakable = st.sampled_from(["unknown", "<unknown>", "", "Payload", "payload ", "__class__"])


def _an_object(known: dict[str, st.SearchStrategy[str]], *required: str) -> st.SearchStrategy[str]:
    """Objects with some of the known members, and with others; their order is any."""

    @st.composite
    def build(draw: st.DrawFn) -> str:
        members = {name: draw(values) for name, values in known.items() if name in required or draw(st.booleans())}
        others = draw(st.dictionaries(mistakable | texts, json_texts, max_size=2))
        members |= {name: value for name, value in others.items() if name not in known}
        return _object(dict(draw(st.permutations(list(members.items())))), draw(blanks))

    return build()


def _json_list(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(_array, st.lists(items, max_size=3), blanks)


def _routes(actors: list[str], current: int) -> st.SearchStrategy[str]:
    members = {"actors": st.just(json.dumps(actors)), "current": st.just(str(current)), "metadata": json_texts}
    return _an_object(members, "actors", *(["current"] if current else []))


routes = st.lists(names, max_size=5).flatmap(
    lambda actors: st.integers(0, len(actors)).flatmap(lambda current: _routes(actors, current))
)
runnable_routes = st.lists(names, min_size=1, max_size=5).flatmap(
    lambda actors: st.integers(0, len(actors) - 1).flatmap(lambda current: _routes(actors, current))
)
error_members = {"type": strings, "mro": _json_list(strings), "message": strings, "traceback": strings}
status_members = {
    **dict.fromkeys(("phase", "reason", "actor"), strings),
    **dict.fromkeys(("actor_since", "created_at", "updated_at", "deadline_at"), moments),
    "attempt": st.integers(0, 9).map(str),
    "max_attempts": counts,
    "generation": counts,
    "error": _an_object(error_members),
}
header_names = st.sampled_from(["traceparent", "tracestate", "x-asya-cancel", "x-asya-next"]) | texts


def envelope_texts(route: st.SearchStrategy[str] = routes) -> st.SearchStrategy[str]:
    """Draw the JSON text of an envelope that may be sent."""
    members = {
        "id": ids.map(json.dumps),
        "parent_id": ids.map(json.dumps),
        "route": route,
        "headers": st.builds(_object, st.dictionaries(header_names, json_texts, max_size=3), blanks),
        "status": _an_object(status_members),
        "payload": json_texts,
        "payload_ref": json_texts,
    }
    return _an_object(members, "id", "route", "payload")


runnable_envelopes = envelope_texts(runnable_routes).map(lambda text: decode(text.encode(), LIMITS))
"""Envelopes as an actor has them in hand: the route is at one of its steps."""


def meaning(text: str | bytes) -> Any:
    """Return what JSON text says, with numbers as they are written, so that none is taken for another."""
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def raw(part: Raw | UnsetType) -> bytes:
    """Return the bytes of a part of an envelope that is kept as JSON; none where there is none."""
    return b"" if isinstance(part, UnsetType) else bytes(memoryview(part))
