"""Another payload for a message: a part set from the command line, or a text that a person wrote in an editor. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from asya_cli.errors import MisuseError

_STEP = re.compile(r"\.?(?P<name>[^.\[\]]+)|\[(?P<index>-?[0-9]+)\]")


def with_parts(payload: bytes, parts: Sequence[str]) -> bytes:
    """Return the payload after each `path=value`, such as `user.tags[0]=new`.

    A value that is no JSON is taken as a text. Raises MisuseError for a path that leads nowhere.
    """
    value = json.loads(payload)
    for part in parts:
        path, equals, given = part.partition("=")
        if not equals or not path:
            raise MisuseError(f"--set {part!r} has no value; write it as path=value, such as user.name=Ann")
        value = _with_part(value, _steps(path), _value(given), path)
    return json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace")


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    position = 0
    while position < len(path):
        found = _STEP.match(path, position)
        if found is None:
            raise MisuseError(f"--set {path!r} is no path; write it like user.tags[0]")
        steps.append(found["name"] if found["index"] is None else int(found["index"]))
        position = found.end()
    return steps


def _value(given: str) -> Any:
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        return given


def _with_part(value: Any, steps: Sequence[str | int], new: Any, path: str) -> Any:
    """Set a part in place, and return the whole; the last name may be new, everything before it has to be there."""
    place: Any = value
    for step in steps[:-1]:
        place = _part(place, step, path)
    last: Any = steps[-1]
    if not (isinstance(last, str) and isinstance(place, dict)):
        _part(place, last, path)
    place[last] = new
    return value


def _part(place: Any, step: Any, path: str) -> Any:
    kind = dict if isinstance(step, str) else list
    try:
        if isinstance(place, kind):
            return place[step]
    except (KeyError, IndexError):
        pass
    raise MisuseError(
        f"--set {path!r} leads nowhere: there is no {step!r}; look at the payload with `asya errors show`"
    )
