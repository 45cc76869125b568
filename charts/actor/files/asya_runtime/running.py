"""What runs now, kept where the sidecar can read it after this process was killed."""

from __future__ import annotations

import mmap
import os
import struct
from contextlib import suppress

from asya_runtime.session import Job

RUNNING_NAME = "runtime-running"

_SLOT = struct.Struct(">Q")
_MODE = 0o660


class Running:
    """The jobs whose handler runs, and a file of one slot for each that may run at once.

    A slot holds the number of the request, 0 where it is free (`docs/reference/protocol.md`, Running requests). The file
    is mapped into memory, so that noting a job costs no system call and the note outlives the process.
    """

    def __init__(self, folder: str, slots: int) -> None:
        self.path = os.path.join(folder, RUNNING_NAME)
        self.jobs: dict[Job, int] = {}
        self._free = list(range(0, slots * _SLOT.size, _SLOT.size))
        temporary = f"{self.path}.{os.getpid()}"
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC, _MODE)
        try:
            os.fchmod(descriptor, _MODE)
            os.ftruncate(descriptor, slots * _SLOT.size)
            self._map = mmap.mmap(descriptor, slots * _SLOT.size)
        finally:
            os.close(descriptor)
        os.rename(temporary, self.path)

    def add(self, job: Job) -> None:
        """Note that the handler starts for `job`."""
        offset = self._free.pop()
        _SLOT.pack_into(self._map, offset, job.request)
        self.jobs[job] = offset
        job.start()

    def discard(self, job: Job) -> None:
        """Note that the handler has ended for `job`."""
        offset = self.jobs.pop(job)
        _SLOT.pack_into(self._map, offset, 0)
        self._free.append(offset)

    def close(self) -> None:
        """Remove the file: the process ends in good order."""
        with suppress(OSError):
            os.unlink(self.path)
