





from __future__ import annotations

import errno
import mmap
import os
from contextlib import suppress
from typing import NamedTuple

from asya_runtime.errors import EXIT_SOCKET, StartError

RUNNING_NAME = "runtime-running"

REPORT_BYTES = 1024
WORD = 8
_WORDS = 2
_MODE = 0o660


class Slot(NamedTuple):


    request: int
    deadline: int


class Slots:





    def __init__(self, folder: str, count: int) -> None:
        self.path = os.path.join(folder, RUNNING_NAME)
        try:
            self._make(REPORT_BYTES + count * _WORDS * WORD)
        except OSError as error:
            raise not_made(RUNNING_NAME, folder, error) from error
        first = REPORT_BYTES // WORD
        self.places = range(first, first + count * _WORDS, _WORDS)

    def _make(self, size: int) -> None:
        temporary = f"{self.path}.{os.getpid()}"
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODE)
        try:
            os.fchmod(descriptor, _MODE)
            if os.write(descriptor, bytes(size)) != size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._map = mmap.mmap(descriptor, size)
            self._inode = os.fstat(descriptor).st_ino
        finally:
            os.close(descriptor)
        os.rename(temporary, self.path)
        self.words = memoryview(self._map).cast("Q")

    def taken(self) -> list[Slot]:

        words = self.words[self.places.start :].tolist()
        slots = map(Slot, words[::_WORDS], words[1::_WORDS])
        return [slot for slot in slots if any(slot)]

    def report(self, reason: str, detail: str, at: int) -> None:

        text = f'{{"reason":"{reason}","detail":"{detail}","at":{at}}}'.encode("ascii")
        self._map[: len(text)] = text

    def clear(self) -> None:

        for place in self.places:
            self.words[place] = 0

    def detach(self) -> None:




        self.words = memoryview(bytearray(self.words.nbytes)).cast("Q")

    def close(self) -> None:

        self.words.release()
        self._map.close()

    def remove(self) -> None:

        with suppress(OSError):
            if os.stat(self.path).st_ino == self._inode:
                os.unlink(self.path)


def not_made(name: str, folder: str, error: OSError) -> StartError:

    sentence = (
        f"{name} can't be made in {folder}: {error.strerror or error}; "
        f"ASYA_SOCKET_DIR must name a folder that user {os.getuid()} may write to"
    )
    return StartError("socket_not_made", sentence, exit_code=EXIT_SOCKET)
