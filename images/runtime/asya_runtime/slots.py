"""The file `runtime-running`: what the worker runs, in memory that supervisor and sidecar read as a file.

Its form stands in `docs/reference/protocol.md`, Running requests. Noting a request costs no system call, and the note
outlives a killed process.
"""

from __future__ import annotations

import errno
import mmap
import os
from contextlib import suppress
from struct import Struct
from typing import NamedTuple

from asya_runtime.errors import EXIT_SOCKET, StartError

RUNNING_NAME = "runtime-running"

REPORT_BYTES = 1024
WORD = 8
_WORDS = 2  # of a slot: request, deadline
_SLOT = Struct("=QQ")
_MODE = 0o660
_REMEDIES = {
    errno.EMFILE: "raise the limit of open files",
    errno.ENFILE: "raise the node's limit of open files",
    errno.ENOSPC: "make room there, or raise the volume's sizeLimit",
    errno.EDQUOT: "make room there, or raise the volume's sizeLimit",
}


class Slot(NamedTuple):
    """One place that is taken. `request` is 0 where it runs for a connection that is over; `deadline` 0 for none."""

    request: int
    deadline: int


class Slots:
    """A worker's file, made before it is forked.

    The worker has it in memory: `words` are 64-bit words, each of them written whole, a request and its deadline at
    every place of `places`. The supervisor has not, since touching memory of a file that was cut short is deadly.
    """

    words: memoryview

    def __init__(self, folder: str, count: int) -> None:
        self.path = os.path.join(folder, RUNNING_NAME)
        self._size = REPORT_BYTES + count * _WORDS * WORD
        try:
            self._file = put(self.path, bytes(self._size))  # written now, since a full disk would be a SIGBUS later
        except OSError as error:
            raise not_made(RUNNING_NAME, folder, error) from error
        self._inode = os.fstat(self._file).st_ino
        first = REPORT_BYTES // WORD
        self.places = range(first, first + count * _WORDS, _WORDS)

    def share(self) -> None:
        """Take the file into memory, in the worker."""
        self._map = mmap.mmap(self._file, self._size)
        self.words = memoryview(self._map).cast("Q")

    @property
    def is_whole(self) -> bool:
        """Whether the file has its size still."""
        return os.fstat(self._file).st_size == self._size

    def taken(self) -> list[Slot]:
        """Return the places that are in use, as the supervisor sees them."""
        data = os.pread(self._file, self._size, REPORT_BYTES)
        whole = len(data) // _SLOT.size * _SLOT.size
        return [Slot(*words) for words in _SLOT.iter_unpack(data[:whole]) if any(words)]

    def report(self, reason: str, detail: str, at: int) -> None:
        """Say why the worker ended; `detail` is a sentence without quotes, `at` nanoseconds of the monotonic clock."""
        text = f'{{"reason":"{reason}","detail":"{detail}","at":{at}}}'.encode("ascii")
        with suppress(OSError):  # without room for it, in a file that was cut short, there is no report
            os.pwrite(self._file, text.ljust(REPORT_BYTES, b"\0"), 0)

    def clear(self) -> None:
        """Free every place: nobody is to be charged."""
        for place in self.places:
            self.words[place] = 0

    def detach(self) -> None:
        """Let what this process writes from now on be seen by nobody: it is a child of the worker.

        The map itself stays open: closing it would close a descriptor whose number may be the user's by now.
        """
        self.words = memoryview(bytearray(self.words.nbytes)).cast("Q")

    def close(self) -> None:
        """Let the file go, in the supervisor."""
        os.close(self._file)

    def remove(self) -> None:
        """Remove the file, unless another runtime has put its own there."""
        with suppress(OSError):
            if os.stat(self.path).st_ino == self._inode:
                os.unlink(self.path)


def put(path: str, content: bytes) -> int:
    """Make a file that appears whole under its name, of a mode for user and group; return it, open.

    It is made under a name that nobody can have put anything at.
    """
    temporary = f"{path}.{os.urandom(8).hex()}"
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    try:
        os.fchmod(descriptor, _MODE)
        while content:
            content = content[os.write(descriptor, content) :]
        os.rename(temporary, path)
    except OSError:
        os.close(descriptor)
        os.unlink(temporary)
        raise
    return descriptor


def not_made(name: str, folder: str, error: OSError) -> StartError:
    """Return the failure to make the file `name` in the socket's folder."""
    remedy = _REMEDIES.get(error.errno or 0, f"ASYA_SOCKET_DIR must name a folder that user {os.getuid()} may write to")
    sentence = f"{name} can't be made in {folder}: {error.strerror or error}; {remedy}"
    return StartError("socket_not_made", sentence, exit_code=EXIT_SOCKET)
