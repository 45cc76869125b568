"""Which requests the runtime was running when it died, from the file that it keeps in memory beside the socket.

`docs/reference/protocol.md`, Running requests, is normative. The file is opened while the runtime lives and read
through the same descriptor once it is gone: a runtime that starts anew puts a file of its own in its place.
"""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from pathlib import Path

_NAME = "runtime-running"
_SLOT = struct.Struct(">Q")


class RunningFile:
    """One runtime's file, open until `read`. Without one, `read` knows nothing."""

    def __init__(self, folder: Path, slots: int) -> None:
        self._bytes = slots * _SLOT.size
        self._descriptor = -1
        with suppress(OSError):
            self._descriptor = os.open(folder / _NAME, os.O_RDONLY | os.O_CLOEXEC)

    def peek(self) -> set[int] | None:
        """Return the requests whose handler runs now; None where the file can't tell."""
        if self._descriptor < 0:
            return None
        try:
            data = os.pread(self._descriptor, self._bytes + 1, 0)
        except OSError:
            return None
        if len(data) != self._bytes:
            return None
        return {request for (request,) in _SLOT.iter_unpack(data) if request}

    def read(self) -> set[int] | None:
        """Return what ran last, and let the file go."""
        running = self.peek()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        return running
