"""Does to a local run what was planned for it: to its processes, its network and its queues; to nothing else."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from asya_cli.local.running import Running
from asya_core.transports import Transport
from tests.chaos.acts import Act
from tests.chaos.network import Network
from tests.chaos.removal import SOURCES, make_again, remove, wait_empty
from tests.chaos.victims import find

INTERVAL = 0.02
_STARTS_WITHIN = 120.0
"""Seconds until a process that died runs again, however busy the machine is, and however long its parent is frozen."""

_SIGNALS = {"kill": signal.SIGKILL, "terminate": signal.SIGTERM}

Tell = Callable[[str], None]


class Assault:
    """Carries deeds out; `transport` leads to the broker past the network that is broken."""

    def __init__(self, running: Running, network: Network, transport: Transport, tell: Tell) -> None:
        self._running = running
        self._network = network
        self._transport = transport
        self._tell = tell
        self._removing = asyncio.Lock()

    async def carry_out(self, acts: Sequence[Act]) -> None:
        """Do each deed at its time; return when all is done and nothing is broken any more."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for act in acts:
                await asyncio.sleep(max(0.0, began + act.at - time.monotonic()))
                group.create_task(self._do(act))

    async def _do(self, act: Act) -> None:
        match act.victim:
            case "network":
                await self._break_network(act)
            case "queue":
                async with self._removing:
                    await self._remove(act)
            case _:
                await self._hurt(act)

    async def _break_network(self, act: Act) -> None:
        self._say(act, f"{act.actor}'s network")
        match act.deed:
            case "reset":
                self._network.reset(act.actor)
            case "strand":
                self._network.strand(act.actor)
            case "black-hole":
                with self._network.black_hole(act.actor):
                    await asyncio.sleep(act.seconds)
            case _:
                with self._network.throttle(act.actor):
                    await asyncio.sleep(act.seconds)

    async def _remove(self, act: Act) -> None:
        """Take a queue away while it is empty; whoever fills it is cut off until then."""
        queue = self._running.queue(act.actor)
        with self._network.black_hole(SOURCES[act.actor]):
            if not await wait_empty(self._transport, queue):
                self._tell(f"{queue} was never empty, and stays")
                return
            self._say(act, f"{act.actor}'s queue")
            await remove(self._transport, queue)
        try:
            await asyncio.sleep(act.seconds)
        finally:
            await make_again(self._transport, queue)

    async def _hurt(self, act: Act) -> None:
        pid, process = await self._hold(act)
        self._say(act, f"{f'{act.actor}/' if act.actor else ''}{act.victim}, process {pid}")
        try:
            if act.deed == "freeze":
                await _freeze(process, act.seconds)
            else:
                _send(process, _SIGNALS[act.deed])
        finally:
            os.close(process)

    async def _hold(self, act: Act) -> tuple[int, int]:
        """Wait until the process runs, which another deed may have ended just now; return its id and a descriptor."""
        async with asyncio.timeout(_STARTS_WITHIN):
            while True:
                if pid := find(self._running, act):
                    with suppress(ProcessLookupError):
                        return pid, os.pidfd_open(pid)
                await asyncio.sleep(INTERVAL)

    def _say(self, act: Act, what: str) -> None:
        words = f"{act.deed} {what}"
        self._tell(f"{words}, for {act.seconds:.1f} s" if act.seconds else words)


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
