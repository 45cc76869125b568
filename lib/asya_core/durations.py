"""Lengths of time as settings write them: Go's notation, or a bare number of seconds."""

from __future__ import annotations

import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "\u03bcs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|\u03bcs|ms|s|m|h)")
_WHOLE = re.compile(f"(?:{_PART.pattern})+")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+")


def parse_duration(text: str | float) -> float:
    """Return seconds for `5m`, `1m30s`, `250ms`, `1.5h`, or a number of seconds.

    The notation is that of Go's `time.ParseDuration`, without signs. Raises ValueError for anything else.
    """
    written = "" if isinstance(text, bool) else str(text).strip()
    if _NUMBER.fullmatch(written):
        seconds = float(written)
    elif _WHOLE.fullmatch(written):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(written))
    else:
        seconds = float("inf")
    if seconds == float("inf"):
        raise ValueError(f"{text!r} is no duration; write it like 30s, 1m30s, 250ms, or as a number of seconds")
    return seconds
