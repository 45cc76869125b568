

from __future__ import annotations

import gc
import os
import signal
import socket
from contextlib import suppress
from time import monotonic_ns, sleep
from typing import NamedTuple

from asya_runtime import ends, kernel, stop_signals
from asya_runtime.ends import End
from asya_runtime.errors import StartError
from asya_runtime.slots import Slots


READY, FAILED, SERVED, ALIVE = b"ready", b"failed", b"served", b"alive"
DRAINING, DRAINED = b"draining", b"drained"
OVER = b""
CONNECTION, DRAIN, ASK = b"connection", b"drain", b"ask"

DUMP_SIGNAL = signal.SIGRTMAX - 1

_LONGEST_MESSAGE = 16
_KNOWN = (READY, FAILED, SERVED, ALIVE, DRAINING, DRAINED, OVER)
_ASK_EVERY, _ASK_WHEN_STOPPING = 5 * 10**9, 10**9
_UNANSWERED = 6
_PAUSES = (0.1, 0.4, 1.5)


class Post(NamedTuple):


    channel: socket.socket
    slots: Slots
    careful: bool


class WorkerProcess:






    def __init__(self, pid: int, channel: socket.socket, slots: Slots) -> None:
        self.pid = pid
        self.slots = slots
        self.channel = channel
        self.told: set[bytes] = set()
        self.ready_at = 0
        self.asked_at = 0
        self.alive_at = 0
        self.silent_since = 0
        self.probed_at = 0
        self.unanswered = 0
        channel.setblocking(False)

    def hear(self) -> bytes:

        try:
            message = self.channel.recv(_LONGEST_MESSAGE)
        except OSError:
            message = OVER
        now = monotonic_ns()
        if message in _KNOWN:
            self.told.add(message)
        if message == READY:
            self.ready_at = self.ready_at or now
        elif message == ALIVE:
            self.alive_at = now
            self.unanswered = 0
        elif message in (DRAINED, OVER):
            self.silent_since = self.silent_since or now
        return message

    @property
    def is_draining(self) -> bool:

        return DRAINING in self.told or DRAINED in self.told

    def tell(self, message: bytes) -> None:

        with suppress(OSError):
            self.channel.send(message)

    def give(self, connection: int) -> bool:

        try:
            socket.send_fds(self.channel, [CONNECTION], [connection])
        except OSError:
            return False
        return True

    def ask(self) -> None:

        self.asked_at, self.alive_at = monotonic_ns(), 0
        self.tell(ASK)

    def is_deaf(self, now: int, *, stopping: bool) -> bool:




        interval = _ASK_WHEN_STOPPING if stopping else _ASK_EVERY
        if not self.ready_at or self.silent_since or now - self.probed_at < interval:
            return False
        if self.slots.taken():
            self.unanswered = 0
        self.probed_at = now
        self.unanswered += 1
        self.tell(ASK)
        if stopping:
            self.tell(DRAIN)
        return self.unanswered > _UNANSWERED

    def ended(self) -> End | None:

        with suppress(ChildProcessError):
            while True:
                child = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                if child is None:
                    return None
                if child.si_pid == self.pid:
                    return ends.by_itself(child.si_code, child.si_status)
                os.waitpid(child.si_pid, os.WNOHANG)
        return None

    def dump(self) -> None:

        with suppress(OSError):
            os.kill(self.pid, DUMP_SIGNAL)

    def close(self) -> None:

        self.channel.close()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def fork(slots: Slots, *, careful: bool) -> WorkerProcess | Post:

    supervisor = os.getpid()
    gc.freeze()
    pid, ours, theirs = _fork()
    if pid:
        theirs.close()
        return WorkerProcess(pid, ours, slots)
    ours.close()
    slots.share()
    os.setsid()
    kernel.end_with(supervisor)
    stop_signals.let_through()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    if nothing:
        os.close(nothing)
    return Post(theirs, slots, careful)


def _fork() -> tuple[int, socket.socket, socket.socket]:

    for pause in _PAUSES:
        try:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            try:
                return os.fork(), ours, theirs
            except OSError:
                ours.close()
                theirs.close()
                raise
        except OSError as error:
            failed = error
        sleep(pause)
    sentence = f"no worker can be forked: {failed.strerror}; raise the limit of processes, open files or memory"
    raise StartError("worker_not_made", sentence)
