"""Does to the processes of a local run what was planned for them; to no others."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Sequence

from asya_cli.local.running import Running
from tests.chaos.acts import Act

INTERVAL = 0.02
_STARTS_WITHIN = 60.0
"""Seconds until a process that died runs again, however busy the machine is."""

Tell = Callable[[str], None]


async def carry_out(acts: Sequence[Act], running: Running, tell: Tell) -> None:
    """Do each deed at its time; return when all is done and nobody is frozen any more."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for act in acts:
            await asyncio.sleep(max(0.0, began + act.at - time.monotonic()))
            group.create_task(_do(act, running, tell))


async def _do(act: Act, running: Running, tell: Tell) -> None:
    pid = await _alive(act, running)
    words = f"{act.deed} {act.actor}/{act.container}, process {pid}"
    tell(f"{words}, for {act.seconds:.1f} s" if act.seconds else words)
    if act.deed == "freeze":
        await _freeze(act, running, pid)
    else:
        running.kill(act.actor, act.container, signal.SIGKILL if act.deed == "kill" else signal.SIGTERM)


async def _freeze(act: Act, running: Running, pid: int) -> None:
    running.kill(act.actor, act.container, signal.SIGSTOP)
    try:
        await asyncio.sleep(act.seconds)
    finally:
        if running.process(act.actor, act.container).pid == pid:
            running.kill(act.actor, act.container, signal.SIGCONT)


async def _alive(act: Act, running: Running) -> int:
    """Wait until the process runs, for another deed may have ended it just now."""
    async with asyncio.timeout(_STARTS_WITHIN):
        while True:
            if pid := running.process(act.actor, act.container).pid:
                return pid
            await asyncio.sleep(INTERVAL)
