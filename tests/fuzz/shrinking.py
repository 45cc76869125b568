"""Makes a failing input small, so that a person sees what it is about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import monotonic

SECONDS = 20.0


async def shrunk(data: bytes, fails: Callable[[bytes], Awaitable[bool]], seconds: float = SECONDS) -> bytes:
    """Leave out whatever can be left out while it still fails: halves first, single bytes last."""
    ends_at = monotonic() + seconds
    size = len(data) // 2
    while size:
        start = 0
        while start < len(data) and monotonic() < ends_at:
            less = data[:start] + data[start + size :]
            if await fails(less):
                data = less
            else:
                start += size
        size //= 2
    return data
