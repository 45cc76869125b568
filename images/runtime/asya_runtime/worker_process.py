"""Forks the worker, and is the supervisor's hold on it."""

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

# What one side tells the other, one message each.
READY, FAILED, SERVED, DRAINED, ALIVE = b"ready", b"failed", b"served", b"drained", b"alive"
OVER = b""  # nothing more can come: the channel is closed
CONNECTION, DRAIN, ASK = b"connection", b"drain", b"ask"

DUMP_SIGNAL = signal.SIGRTMAX - 1  # one that hardly any program takes

_LONGEST_MESSAGE = 16


class Post(NamedTuple):
    """What a new worker gets from its supervisor. `careful`: one before it lost descriptors, so look often."""

    channel: socket.socket
    slots: Slots
    careful: bool


class WorkerProcess:
    """A worker, our end of its channel, and what it has told. Moments are nanoseconds of the monotonic clock.

    `told`: what came over the channel. `silent_since`: when it said its last word.
    """

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
        """Take one message of the worker."""
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
        """Send one message; a worker that can't take it is found out by other means."""
        with suppress(OSError):
            self.channel.send(message)

    def give(self, connection: int) -> bool:
        """Pass a connection; return False where the worker does not take it."""
        try:
            socket.send_fds(self.channel, [CONNECTION], [connection])
        except OSError:
            return False
        return True

    def ask(self) -> None:
        """Ask for a sign of life."""
        self.asked_at, self.alive_at = monotonic_ns(), 0
        self.tell(ASK)

    def ended(self) -> End | None:
        """Return how the worker ended by itself, None while it runs. Other children that have ended are let go."""
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
        """Have every thread of the worker show on stderr where it stands."""
        with suppress(OSError):
            os.kill(self.pid, DUMP_SIGNAL)

    def close(self) -> None:
        """Let go of the worker, which has ended, and of all that ended with it."""
        self.channel.close()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def fork(slots: Slots, *, careful: bool) -> WorkerProcess | Post:
    """Fork a worker; return the hold on it, or in the worker itself its post."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    supervisor = os.getpid()
    gc.freeze()  # so that the worker's garbage collector leaves the memory that it shares alone
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
