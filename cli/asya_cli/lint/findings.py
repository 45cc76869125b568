"""What Helm says of values that a chart refuses, as findings with the value's path. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from asya_cli.local.violations import Problem as Violation
from asya_cli.local.violations import read_problems

_GUARD = re.compile(r"^(?:Error: .*?)?ERROR: (?P<path>[^:]+): (?P<sentence>.+)$")
_MISSING = re.compile(r"(?P<one>\w+) is required|missing propert(?:y|ies) (?P<many>'.+')")
_NOISE = re.compile(r"^(?:walk\.go:\d+: found symbolic link|WARNING|level=|time=|Use --debug)")


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: the path of the value (empty: of the file as a whole), and a sentence.

    `is_missing` where the chart misses the key: its own default was there before the file emptied it.
    """

    path: str
    sentence: str
    is_missing: bool = False


def read_refusal(stderr: str, schema: Mapping[str, Any]) -> list[Problem]:
    """Return what Helm's error output says of the values: keys and types by the schema, or the chart's own guards."""
    problems = [problem for each in read_problems(stderr, schema) for problem in _read(each)]
    problems += _guards(stderr)
    return problems or [Problem("", _last(stderr))]


def _read(violation: Violation) -> list[Problem]:
    if violation.unknown and violation.path == "actors":
        return [Problem("actors", "only the chart pipeline has several actors in one file; add --chart pipeline")]
    found = _MISSING.fullmatch(violation.sentence)
    if not found:
        return [Problem(violation.path, violation.sentence)]
    keys = [found["one"]] if found["one"] else re.findall(r"'([^']+)'", found["many"])
    below = f"{violation.path}." if violation.path else ""
    return [Problem(f"{below}{key}", "it is required; give it something", is_missing=True) for key in keys]


def _guards(stderr: str) -> Iterator[Problem]:
    for line in stderr.splitlines():
        if found := _GUARD.match(line.strip()):
            # A guard on several keys names them all; the first one has a line.
            yield Problem(found["path"], found["sentence"])


def _last(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip() and not _NOISE.match(line.strip())]
    return " ".join(lines).removeprefix("Error: ") or "Helm refused the values and said nothing"
