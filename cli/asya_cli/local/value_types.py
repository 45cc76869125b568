"""What a schema has against a value's type, in words. Pure."""

from __future__ import annotations

import re

_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "nothing",
    "number": "a number",
    "object": "a map",
    "string": "a text",
}
_LINE_3 = re.compile(r"Invalid type\. Expected: (?P<wanted>[a-z/]+), given: (?P<given>[a-z]+)")
_LINE_4 = re.compile(r"got (?P<given>[a-z]+), want (?P<wanted>[a-z]+(?:(?:,| or) [a-z]+)*)")


def type_in_words(what: str) -> str | None:
    """Return what should stand there, by Helm 3's or Helm 4's line about a type; None for any other line."""
    found = _LINE_3.fullmatch(what) or _LINE_4.fullmatch(what)
    if found is None:
        return None
    wanted = [name for name in re.split(r"/|, | or ", found["wanted"]) if name in _WORDS]
    given = _WORDS.get(found["given"], found["given"])
    if "string" in wanted and found["given"] in ("boolean", "integer", "number"):
        return f"this is {given}, and a text belongs here; put it into quotes"
    return f"this is {given}, and {' or '.join(_WORDS[name] for name in wanted)} belongs here"
