"""Lengths of time as settings write them: Go's notation, or a bare number of seconds."""

from __future__ import annotations

import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def parse_duration(text: str | float) -> float:
    """Return seconds for `5m`, `1m30s`, `250ms`, `1.5h`, or a number of seconds.

    The notation is that of Go's `time.ParseDuration`, without signs. Raises ValueError for anything else.
    """
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        return _not_negative(float(text), text)
    written = str(text).strip()
    try:
        return _not_negative(float(written), text)
    except ValueError:
        parts = _PART.findall(written)
    if not parts or "".join(number + unit for number, unit in parts) != written:
        raise ValueError(f"{text!r} is no duration; write it like 30s, 1m30s, 250ms, or as a number of seconds")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _not_negative(seconds: float, text: str | float) -> float:
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"{text!r} is no duration; write it like 30s, 1m30s, 250ms, or as a number of seconds")
    return seconds
