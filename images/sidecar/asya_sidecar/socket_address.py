"""Paths of Unix sockets, which the kernel takes only up to 107 bytes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_LONGEST = 107
"""`sun_path` has 108 bytes, the last of them zero; source: unix(7)."""

_OPEN_FILES = Path("/proc/self/fd")


@contextlib.contextmanager
def reachable(socket: Path) -> Iterator[str]:
    """Yield a path by which `socket` can be connected to for as long as the context lasts.

    A path that is too long leads through its open folder. Raises OSError when there is no such folder.
    """
    if len(os.fsencode(socket)) <= _LONGEST or not _OPEN_FILES.is_dir():
        yield str(socket)
        return
    folder = os.open(socket.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield str(_OPEN_FILES / str(folder) / socket.name)
    finally:
        os.close(folder)
