"""Does to the processes of a local run what was planned for them; to no others."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from asya_cli.local.running import Running
from tests.chaos.acts import Act
from tests.chaos.victims import find

INTERVAL = 0.02
_STARTS_WITHIN = 120.0
"""Seconds until a process that died runs again, however busy the machine is, and however long its parent is frozen."""

_SIGNALS = {"kill": signal.SIGKILL, "terminate": signal.SIGTERM}

Tell = Callable[[str], None]


async def carry_out(acts: Sequence[Act], running: Running, tell: Tell) -> None:
    """Do each deed at its time; return when all is done and nobody is frozen any more."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for act in acts:
            await asyncio.sleep(max(0.0, began + act.at - time.monotonic()))
            group.create_task(_do(act, running, tell))


async def _do(act: Act, running: Running, tell: Tell) -> None:
    pid, process = await _hold(act, running)
    words = f"{act.deed} {f'{act.actor}/' if act.actor else ''}{act.victim}, process {pid}"
    tell(f"{words}, for {act.seconds:.1f} s" if act.seconds else words)
    try:
        if act.deed == "freeze":
            await _freeze(process, act.seconds)
        else:
            _send(process, _SIGNALS[act.deed])
    finally:
        os.close(process)


async def _freeze(process: int, seconds: float) -> None:
    _send(process, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        _send(process, signal.SIGCONT)


def _send(process: int, number: int) -> None:
    """Signal this very process, if it has not ended meanwhile; never one that has got its number."""
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(process, number)


async def _hold(act: Act, running: Running) -> tuple[int, int]:
    """Wait until the process runs, which another deed may have ended just now; return its id and a descriptor."""
    async with asyncio.timeout(_STARTS_WITHIN):
        while True:
            if pid := find(running, act):
                with suppress(ProcessLookupError):
                    return pid, os.pidfd_open(pid)
            await asyncio.sleep(INTERVAL)
