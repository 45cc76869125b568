"""Sidecars as processes, whose log is read as it comes, and messages through them; every wait has a limit."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any

from asya_core.transports import Delivery, Transport, publish
from tests.bad_input.place import message

SECONDS = 20.0
QUEUES = ("a", "b", "error-end", "happy-end")
_numbers = itertools.count()


class SidecarProcess:
    """A sidecar and what it has logged."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[dict[str, Any]] = []

    async def says(self, words: str) -> str:
        """Read the log until something with these words is said; return it."""
        assert self._process.stdout is not None
        async with asyncio.timeout(SECONDS):
            while raw := await self._process.stdout.readline():
                self.lines.append(json.loads(raw))
                if words in self.lines[-1]["message"]:
                    return str(self.lines[-1]["message"])
        raise AssertionError(f"it ended without {words!r}: {self.lines}")

    async def ended(self) -> int:
        """Read the log to its end; return the exit code."""
        assert self._process.stdout is not None
        async with asyncio.timeout(SECONDS):
            rest = await self._process.stdout.read()
            self.lines += [json.loads(line) for line in rest.splitlines()]
            return await self._process.wait()

    def said(self, event: str) -> str:
        """Return what the one line about this event says."""
        (found,) = [line["message"] for line in self.lines if line.get("event") == event]
        return str(found)


@contextlib.asynccontextmanager
async def sidecar(environ: Mapping[str, str]) -> AsyncIterator[SidecarProcess]:
    """Run a sidecar for the length of a block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "asya_sidecar", env={**os.environ, **environ}, stdout=subprocess.PIPE
    )
    try:
        yield SidecarProcess(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def see_through(transport: Transport, prefix: str) -> None:
    """Send a message to actor `a`, and see what it returns come to `b`."""
    id_, came = f"good-{next(_numbers)}", asyncio.Event()
    taken: list[Delivery] = []

    def deliver(delivery: Delivery) -> None:
        taken.append(delivery)
        came.set()

    await publish(transport, f"{prefix}a", message(id_, {"good": True}))
    consumer = await transport.consume(f"{prefix}b", 1, deliver)
    async with asyncio.timeout(SECONDS):
        await came.wait()
    consumer.settle(taken[0])
    await consumer.stop()
    output = json.loads(taken[0].body)
    assert (output["id"], output["payload"]) == (id_, {"good": True})


async def make_queues(transport: Transport, prefix: str) -> None:
    """Do what the hook Job does."""
    for actor in QUEUES:
        await transport.ensure(prefix + actor)
