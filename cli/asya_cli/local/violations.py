"""What a schema has against values, in few words. Pure.

Helm lists all that a key could be called; whoever mistyped one wants to know the nearest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

_LINE = re.compile(r"^- (?P<place>[^:]+): (?P<what>.+)$")
_UNKNOWN = re.compile(r"Additional property (?P<one>.+) is not allowed|Property name of \"(?P<two>.+)\" does not match")
_KNOWN_KEYS = re.compile(r"must be one of the following: ")
_ROOT = "(root)"
_LISTED = 12  # keys that are named where none is near
_LONGEST = 200  # characters of a line of Helm's


@dataclass(frozen=True, slots=True)
class Violations:
    """The sentence to act on first, and the others, a line each."""

    sentence: str
    others: Sequence[str] = ()


def read_violations(stderr: str, schema: Mapping[str, Any]) -> Violations | None:
    """Read Helm's list of violations; None where it names no unknown key. `schema` is the chart's."""
    sentences: dict[str, None] = {}  # in order, each once
    others: list[str] = []
    places: set[str] = set()
    for place, what in _lines(stderr):
        if found := _UNKNOWN.fullmatch(what):
            places.add(place)
            sentences[_sentence(place, found["one"] or found["two"], schema)] = None
        elif not (place in places and _KNOWN_KEYS.search(what)):
            others.append(_cut(f"{place}: {what}"))
    if not sentences:
        return None
    first, *more = sentences
    return Violations(first, [*more, *others])


def _lines(stderr: str) -> Iterator[tuple[str, str]]:
    for line in stderr.splitlines():
        if found := _LINE.match(line.strip()):
            yield found["place"], found["what"]


def _sentence(place: str, key: str, schema: Mapping[str, Any]) -> str:
    path = key if place == _ROOT else f"{place}.{key}"
    known = _keys_at(place, schema)
    near = get_close_matches(key, known, n=1)
    if near:
        return f"{path}: did you mean {near[0]}?"
    listed = f"there are {', '.join(known)}" if 0 < len(known) <= _LISTED else "the chart's values.yaml lists them"
    return f"{path}: there is no such key; {listed}"


def _keys_at(place: str, schema: Mapping[str, Any]) -> list[str]:
    node = schema
    for name in [] if place == _ROOT else place.split("."):
        node = node.get("properties", {}).get(name, {})
    return list(node.get("properties", {}))


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
