"""The handler that runs where nobody has named one."""

from __future__ import annotations


def process(payload: object) -> object:
    """Return the payload as it came."""
    return payload
