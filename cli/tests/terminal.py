"""A command on a terminal of its own, with a person who types."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Sequence
from pathlib import Path

WITHIN = 60.0


def in_terminal(command: Sequence[str], folder: Path, typed: str) -> tuple[int, str]:
    """Run a command, type, and return its exit code and all that the terminal showed."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        list(command),
        cwd=folder,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(follower)
    os.write(leader, typed.encode())
    shown = b"".join(iter(lambda: _read(leader), b""))
    os.close(leader)
    return process.wait(WITHIN), shown.decode("utf-8", "replace")


def _read(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:  # how Linux says that nobody holds the other side any more
        return b""
