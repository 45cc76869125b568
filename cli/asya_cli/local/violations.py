"""What a schema has against values, in few words. Pure.

Helm lists all that a key could be called; whoever mistyped one wants to know the nearest. Helm 3 and Helm 4 check
schemas by different libraries, and word their lists differently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from asya_cli.local.value_types import type_in_words

_LINE_3 = re.compile(r"^- (?P<place>[^:]+): (?P<what>.+)$")
_LINE_4 = re.compile(r"^- at '(?P<place>[^']*)': (?P<what>.+)$")
_UNKNOWN_3 = re.compile(
    r"Additional property (?P<one>.+) is not allowed|Property name of \"(?P<two>.+)\" does not match"
)
_UNKNOWN_4 = re.compile(r"additional properties (?P<many>'.+') not allowed")
# What follows from a key that is unknown, and says nothing new: the whole list of those that are known.
_FOLLOWS = re.compile(r"must be one of the following: ")
# The same of Helm 4, which gives a wrong place with it, and its lines that only say that others follow.
_ECHO_4 = re.compile(
    r"- at '[^']*': (?:invalid propertyName '.*'\n\s*- at '': value must be one of .*|validation failed$)", re.MULTILINE
)
_PATTERN = re.compile(r"[Dd]oes not match pattern ")
_ROOT = "(root)"
_LISTED = 12  # keys that are named where none is near
_LONGEST = 200  # characters of a line of Helm's


@dataclass(frozen=True, slots=True)
class Problem:
    """One violation: the path of the value (empty for the root), a sentence, and whether the key itself is unknown."""

    path: str
    sentence: str
    unknown: bool = False

    @property
    def line(self) -> str:
        """The problem as one line."""
        return f"{self.path or _ROOT}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Violations:
    """The sentence to act on first, and the others, a line each."""

    sentence: str
    others: Sequence[str] = ()


def read_violations(stderr: str, schema: Mapping[str, Any]) -> Violations | None:
    """Read Helm's list of violations, unknown keys first; None where there is no list. `schema` is the chart's."""
    problems = sorted(read_problems(stderr, schema), key=lambda problem: not problem.unknown)
    if not problems:
        return None
    first, *more = problems
    return Violations(first.line, [problem.line for problem in more])


def read_problems(stderr: str, schema: Mapping[str, Any]) -> list[Problem]:
    """Return every violation in Helm's list, each once. `schema` is the chart's."""
    problems: dict[Problem, None] = {}  # in order, each once
    places: set[str] = set()
    for place, what in _lines(stderr):
        if keys := _unknown_keys(what):
            places.add(place)
            problems |= dict.fromkeys(_unknown(place, key, schema) for key in keys)
        elif not (place in places and _FOLLOWS.search(what)):
            problems[Problem(place, _worded(place, what, schema))] = None
    return list(problems)


def _lines(stderr: str) -> Iterator[tuple[str, str]]:
    """Yield the place of each violation, as a path with dots that is empty at the root, and what is wrong there."""
    for line in map(str.strip, _ECHO_4.sub("", stderr).splitlines()):
        if found := _LINE_4.match(line):
            place = found["place"].removeprefix("/")
            yield ".".join(part.replace("~1", "/").replace("~0", "~") for part in place.split("/")), found["what"]
        elif found := _LINE_3.match(line):
            yield "" if found["place"] == _ROOT else found["place"], found["what"]


def _unknown_keys(what: str) -> list[str]:
    if found := _UNKNOWN_3.fullmatch(what):
        return [found["one"] or found["two"]]
    found = _UNKNOWN_4.fullmatch(what)
    return re.findall(r"'([^']+)'", found["many"]) if found else []


def _unknown(place: str, key: str, schema: Mapping[str, Any]) -> Problem:
    path = f"{place}.{key}" if place else key
    known = _keys_at(place, schema)
    if near := get_close_matches(key, known, n=1):
        return Problem(path, f"did you mean {near[0]}?", unknown=True)
    listed = f"there are {', '.join(known)}" if 0 < len(known) <= _LISTED else "the chart's values.yaml lists them"
    return Problem(path, f"there is no such key; {listed}", unknown=True)


def _worded(place: str, what: str, schema: Mapping[str, Any]) -> str:
    """Return what is wrong in words: where it is a pattern, the schema's title says what should stand there."""
    title = _at(place, schema).get("title")
    if title and _PATTERN.search(what):
        return f"this is not {title}"
    return type_in_words(what) or _cut(what)


def _keys_at(place: str, schema: Mapping[str, Any]) -> list[str]:
    return list(_at(place, schema).get("properties", {}))


def _at(place: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of a place: by properties, references, items and additionalProperties."""
    node = schema
    for name in filter(None, place.split(".")):
        node = _step(_followed(node, schema), name)
    return _followed(node, schema)


def _step(node: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = node.get("items", {}) if name.isdigit() else node.get("properties", {}).get(name)
    inner = node.get("additionalProperties") if inner is None else inner
    return inner if isinstance(inner, Mapping) else {}


def _followed(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a reference within the schema refers to."""
    while reference := node.get("$ref"):
        node = schema
        for name in str(reference).removeprefix("#/").split("/"):
            node = node.get(name, {})
    return node


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
