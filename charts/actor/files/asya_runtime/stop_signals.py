

from __future__ import annotations

import os
import signal

from asya_runtime.descendants import is_below

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def hold_back() -> None:




    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def let_through() -> None:

    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def take(seconds: float = 0.0) -> int:




    signalled = signal.sigtimedwait(STOP_SIGNALS, seconds)
    if signalled is None or (signalled.si_pid and is_below(signalled.si_pid, os.getpid())):
        return 0
    return signalled.si_signo
