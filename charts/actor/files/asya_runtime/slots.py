





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
_WORDS = 2
_SLOT = Struct("=QQ")
_MODE = 0o660
_REMEDIES = {
    errno.EMFILE: "raise the limit of open files",
    errno.ENFILE: "raise the node's limit of open files",
    errno.ENOSPC: "make room there, or raise the volume's sizeLimit",
    errno.EDQUOT: "make room there, or raise the volume's sizeLimit",
}


class Slot(NamedTuple):


    request: int
    deadline: int


class Slots:






    words: memoryview

    def __init__(self, folder: str, count: int) -> None:
        self.path = os.path.join(folder, RUNNING_NAME)
        self._size = REPORT_BYTES + count * _WORDS * WORD
        try:
            self._file = put(self.path, bytes(self._size))
        except OSError as error:
            raise not_made(RUNNING_NAME, folder, error) from error
        self._inode = os.fstat(self._file).st_ino
        first = REPORT_BYTES // WORD
        self.places = range(first, first + count * _WORDS, _WORDS)

    def share(self) -> None:

        self._map = mmap.mmap(self._file, self._size)
        self.words = memoryview(self._map).cast("Q")

    @property
    def is_whole(self) -> bool:

        return os.fstat(self._file).st_size == self._size

    def taken(self) -> list[Slot]:

        data = os.pread(self._file, self._size, REPORT_BYTES)
        whole = len(data) // _SLOT.size * _SLOT.size
        return [Slot(*words) for words in _SLOT.iter_unpack(data[:whole]) if any(words)]

    def report(self, reason: str, detail: str, at: int) -> None:

        text = f'{{"reason":"{reason}","detail":"{detail}","at":{at}}}'.encode("ascii")
        with suppress(OSError):
            os.pwrite(self._file, text.ljust(REPORT_BYTES, b"\0"), 0)

    def clear(self) -> None:

        for place in self.places:
            self.words[place] = 0

    def detach(self) -> None:




        self.words = memoryview(bytearray(self.words.nbytes)).cast("Q")

    def close(self) -> None:

        os.close(self._file)

    def remove(self) -> None:

        with suppress(OSError):
            if os.stat(self.path).st_ino == self._inode:
                os.unlink(self.path)


def put(path: str, content: bytes) -> int:




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

    remedy = _REMEDIES.get(error.errno or 0, f"ASYA_SOCKET_DIR must name a folder that user {os.getuid()} may write to")
    sentence = f"{name} can't be made in {folder}: {error.strerror or error}; {remedy}"
    return StartError("socket_not_made", sentence, exit_code=EXIT_SOCKET)
