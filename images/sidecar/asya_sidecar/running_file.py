"""What the runtime's supervisor says of its worker: the file beside the socket, and how it is read.

`docs/reference/protocol.md`, Running requests, is normative. The file is opened while the worker lives and read through
the same descriptor once it is gone: the next worker gets a file of its own in its place.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

_NAME = "runtime-running"
_REPORT_BYTES = 1024
_SLOT = struct.Struct("=QQ")
# The folder is the user's code's, too: what stands there in place of the file must not make us wait.
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK

Running = Mapping[int, int]
"""The requests whose handler runs, each with the moment past which the supervisor ends the worker: nanoseconds on the
monotonic clock, 0 for none. A place whose request belonged to an earlier connection has a negative number."""


class Report(msgspec.Struct, frozen=True):
    """How a worker ended; `at` is when, in nanoseconds on the monotonic clock."""

    reason: Literal["crash", "exit", "memory", "timeout"]
    detail: str
    at: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the file says at one moment. `report` is None while the worker lives, and where nobody could write one."""

    running: Running
    report: Report | None


class RunningFile:
    """The worker's file, once it is open. Where there is none, or it can't be true, `read` knows nothing."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME
        self._bytes = 0
        self._descriptor = -1

    def open(self, slots: int) -> None:
        """Open the file of the worker that has just come, and let go of the one before."""
        self.close()
        self._bytes = _REPORT_BYTES + slots * _SLOT.size
        with suppress(OSError):
            self._descriptor = os.open(self._path, _OPEN)

    def read(self) -> Snapshot | None:
        """Return what the file says now; None where it can't tell."""
        try:
            if os.fstat(self._descriptor).st_size != self._bytes:
                return None
            data = os.pread(self._descriptor, self._bytes, 0)
        except OSError:
            return None
        if len(data) != self._bytes:
            return None
        slots = enumerate(_SLOT.iter_unpack(data[_REPORT_BYTES:]), 1)
        running = {request or -place: deadline for place, (request, deadline) in slots if request or deadline}
        return Snapshot(running, _report(data[:_REPORT_BYTES]))

    def close(self) -> None:
        """Let the file go."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _report(data: bytes) -> Report | None:
    """Return the report, or None where there is none that makes sense."""
    text = data.rstrip(b"\0")
    if not text:
        return None
    try:
        return msgspec.json.decode(text, type=Report)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
