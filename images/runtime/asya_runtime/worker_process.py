"""Forks the worker, and is the supervisor's hold on it."""

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

# What one side tells the other, one message each.
READY, FAILED, SERVED, ALIVE = b"ready", b"failed", b"served", b"alive"
DRAINING, DRAINED = b"draining", b"drained"
OVER = b""  # nothing more can come: the channel is closed
CONNECTION, DRAIN, ASK = b"connection", b"drain", b"ask"

DUMP_SIGNAL = signal.SIGRTMAX - 1  # one that hardly any program takes

_LONGEST_MESSAGE = 16
_KNOWN = (READY, FAILED, SERVED, ALIVE, DRAINING, DRAINED, OVER)
_ASK_EVERY, _ASK_WHEN_STOPPING = 5 * 10**9, 10**9  # nanoseconds between questions to a worker
_UNANSWERED = 6  # questions to a worker that runs nothing, before it is given up
_PAUSES = (0.1, 0.4, 1.5)  # seconds, where no process can be made


class Post(NamedTuple):
    """What a new worker gets from its supervisor. `careful`: one before it lost descriptors, so look often."""

    channel: socket.socket
    slots: Slots
    careful: bool


class WorkerProcess:
    """A worker, our end of its channel, and what it has told. Moments are nanoseconds of the monotonic clock.

    `told`: what came over the channel. `silent_since`: when it said its last word. `unanswered`: how often it was asked
    for a sign of life, at `probed_at` the last time, since it gave one or ran something.
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
        self.probed_at = 0
        self.unanswered = 0
        channel.setblocking(False)

    def hear(self) -> bytes:
        """Take one message of the worker, which may also come from the user's code."""
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
        """Whether the worker takes no new work, whoever asked for that."""
        return DRAINING in self.told or DRAINED in self.told

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

    def is_deaf(self, now: int, *, stopping: bool) -> bool:
        """Ask now and then for a sign of life; say whether there was none for long while no place was taken.

        Questions are counted, and not seconds: whoever froze both processes is not to blame the worker.
        """
        interval = _ASK_WHEN_STOPPING if stopping else _ASK_EVERY
        if not self.ready_at or self.silent_since or now - self.probed_at < interval:
            return False
        if self.slots.taken():
            self.unanswered = 0
        self.probed_at = now
        self.unanswered += 1
        self.tell(ASK)
        if stopping:
            self.tell(DRAIN)  # again: there may have been no room for it
        return self.unanswered > _UNANSWERED

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
    """Fork a worker; return the hold on it, or in the worker itself its post. Raises StartError."""
    supervisor = os.getpid()
    gc.freeze()  # so that the worker's garbage collector leaves the memory that it shares alone
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
    """Return what os.fork() does, and both ends of a channel. Where there is no room for that, there may be soon."""
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
