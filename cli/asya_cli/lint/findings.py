"""What Helm says of values that a chart refuses, as findings with the value's path. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from asya_cli.local.violations import read_problems

_GUARD = re.compile(r"^(?:Error: .*?)?ERROR: (?P<path>[^:]+): (?P<sentence>.+)$")
_NOISE = re.compile(r"^(?:walk\.go:\d+: found symbolic link|WARNING|level=|time=|Use --debug)")


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: the path of the value (empty: of the file as a whole), and a sentence."""

    path: str
    sentence: str


def read_refusal(stderr: str, schema: Mapping[str, Any]) -> list[Problem]:
    """Return what Helm's error output says of the values: keys and types by the schema, or the chart's own guards."""
    problems = [Problem(each.path, each.sentence) for each in read_problems(stderr, schema)]
    problems += _guards(stderr)
    return problems or [Problem("", _last(stderr))]


def _guards(stderr: str) -> Iterator[Problem]:
    for line in stderr.splitlines():
        if found := _GUARD.match(line.strip()):
            # A guard on several keys names them all; the first one has a line.
            yield Problem(found["path"], found["sentence"])


def _last(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip() and not _NOISE.match(line.strip())]
    return " ".join(lines).removeprefix("Error: ") or "Helm refused the values and said nothing"
