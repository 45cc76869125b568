"""SIGTERM and SIGINT of the supervisor: held back and taken one by one, so that it is known who sent them."""

from __future__ import annotations

import os
import signal

from asya_runtime.descendants import is_below

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def hold_back() -> None:
    """Keep every signal from this process; those that ask it to end wait for `take`.

    A parent may have had the ends of children ignored: then nobody could be waited for.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def let_through() -> None:
    """Give a worker the signals as the kernel does: those that ask it to end, end it."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def take(seconds: float = 0.0) -> int:
    """Return the number of a signal that asks to end, 0 where none comes within `seconds`.

    What a handler sends to its parent counts for nothing: whoever sent the signal must not be below this process.
    """
    signalled = signal.sigtimedwait(STOP_SIGNALS, seconds)
    if signalled is None or (signalled.si_pid and is_below(signalled.si_pid, os.getpid())):
        return 0
    return signalled.si_signo
