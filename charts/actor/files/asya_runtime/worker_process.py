

from __future__ import annotations

import gc
import os
import signal
import socket
from contextlib import suppress
from time import monotonic_ns
from typing import NamedTuple

from asya_runtime import ends, kernel, stop_signals
from asya_runtime.ends import End
from asya_runtime.slots import Slots


READY, FAILED, SERVED, DRAINED, ALIVE = b"ready", b"failed", b"served", b"drained", b"alive"
OVER = b""
CONNECTION, DRAIN, ASK = b"connection", b"drain", b"ask"

DUMP_SIGNAL = signal.SIGRTMAX - 1

_LONGEST_MESSAGE = 16


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
        channel.setblocking(False)

    def hear(self) -> bytes:

        try:
            message = self.channel.recv(_LONGEST_MESSAGE)
        except OSError:
            message = OVER
        now = monotonic_ns()
        self.told.add(message)
        if message == READY:
            self.ready_at = now
        elif message == ALIVE:
            self.alive_at = now
        elif message in (DRAINED, OVER):
            self.silent_since = self.silent_since or now
        return message

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

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    supervisor = os.getpid()
    gc.freeze()
    pid = os.fork()
    if pid:
        theirs.close()
        return WorkerProcess(pid, ours, slots)
    ours.close()
    os.setsid()
    kernel.end_with(supervisor)
    stop_signals.let_through()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    if nothing:
        os.close(nothing)
    return Post(theirs, slots, careful)
