"""Actor `a` and error-end, each with a real runtime, on one broker in memory: where bad input is put in.

The sidecars run in this process, so that a test can wait for the very moment at which a message is settled.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from asya_core.transports.memory import MemoryBroker
from images.sidecar.tests.bench import QUEUES, Bench, settings_for
from images.sidecar.tests.scripted_runtime import ScriptedRuntime, echo
from tests.bad_input.page import ROOT, Row

RUNTIME = ROOT / "images/runtime/asya_runtime"
ERROR_END = {"ASYA_HANDLER": "asya_crew.error_end.ErrorEnd.process", "ASYA_HANDLER_MODE": "envelope"}
END_SECONDS = 10.0
TICK_SECONDS = 0.05
RECORD = "error record"
NEXT = "next actor"


@dataclass
class Ending:
    """What became of one message: what was sent on, and what error-end has stored."""

    outputs: list[dict[str, bytes]]
    records: list[dict[str, Any]]

    def check_record(self, row: Row) -> dict[str, Any]:
        """Hold the row against the one record, and return it."""
        assert len(self.records) == 1, self
        (record,) = self.records
        error, details = record["payload"]["error"], record["payload"]["details"]
        row.check(where=RECORD, code=error, said=details["message"])
        assert (record["status"]["reason"], record["status"]["phase"]) == (error, "failed")
        assert record["status"]["error"]["message"] == details["message"]
        return record


class Place:
    """What goes in at actor `a`, and what comes out of it; one message at a time.

    Without an `end`, records are taken from error-end's queue. `starts` are the process ids of each runtime.
    """

    def __init__(self, folder: Path, actor: Bench, end: Bench | None = None, starts: Sequence[list[int]] = ()) -> None:
        self.folder = folder
        self.starts = starts
        self.actor = actor
        self.end = end
        self._numbers = itertools.count()
        self._settled = 0

    async def put(self, body: bytes) -> Ending:
        """Send one message and wait until it is settled, once, and whatever followed from it is stored."""
        await self.actor.send(body)
        await self.wait_settled()
        return self.take()

    async def wait_settled(self) -> None:
        """Wait until one more message is settled, and error-end has stored what it was sent."""
        self._settled += 1
        await self.actor.ledger.until(lambda: len(self.actor.ledger.all("settled")) >= self._settled)
        if self.end is not None:
            await self.end.ledger.until(self._is_stored)
        assert len(self.actor.ledger.all("settled")) == self._settled, "a message was settled twice"
        assert self.actor.actor.runs == {}

    async def put_good(self) -> None:
        """See a good message through: nothing that came before has broken anything, or ended a runtime."""
        number = next(self._numbers)
        ending = await self.put(message(f"good-{number}", {"good": number}))
        assert ending.records == []
        assert [(json.loads(each["id"]), json.loads(each["payload"])) for each in ending.outputs] == [
            (f"good-{number}", {"good": number})
        ]
        assert all(len(each) == 1 for each in self.starts), "a runtime was started again"

    def take(self) -> Ending:
        """Return what has come out, and forget it."""
        outputs = [members(body) for name in ("asya-b", "asya-happy-end") for body in self._emptied(name)]
        if self.end is None:
            return Ending(outputs, [json.loads(body) for body in self._emptied("asya-error-end")])
        records = []
        for file in sorted((self.folder / "store").glob("error-asya/**/*.json")):
            records.append(json.loads(file.read_bytes()))
            file.unlink()
        return Ending(outputs, records)

    def _emptied(self, queue: str) -> list[bytes]:
        ready = self.actor.broker.queues[queue].ready
        bodies = [each.body for each in ready]
        ready.clear()
        return bodies

    def _is_stored(self) -> bool:
        queue = self.actor.broker.queues["asya-error-end"]
        return not queue.ready and not queue.held and not queue.delayed


def members(body: bytes) -> dict[str, bytes]:
    """Return an object's members as the bytes that stand for them."""
    return {name: bytes(value) for name, value in msgspec.json.decode(body, type=dict[str, msgspec.Raw]).items()}


def message(id_: str, payload: object = None, **members: object) -> bytes:
    """Return a good message at actor `a` of the route a, b, but for what `members` say."""
    envelope = {"id": id_, "route": {"actors": ["a", "b"], "current": 0}, "payload": payload, **members}
    return json.dumps(envelope).encode()


@contextlib.asynccontextmanager
async def open_place(folder: Path, handlers: Path, **environ: str) -> AsyncIterator[Place]:
    """Start both; `environ` is for the actor and its runtime, whose working directory is `handlers`."""
    broker = MemoryBroker()
    for name in ("a", "error-end"):
        (folder / name).mkdir(parents=True)
    scripted = ScriptedRuntime(folder / "unused", echo)
    actor = Bench(settings_for(folder / "a", **_sidecar_part(environ)), broker, scripted)
    end = Bench(settings_for(folder / "error-end", actor="error-end"), broker, scripted)
    for queue in QUEUES:
        await actor.producer.ensure(queue)
    store = {**ERROR_END, "ASYA_STORE_URL": (folder / "store").as_uri(), "ASYA_STORE_PREFIX": "error-asya/"}
    async with (
        at_work(actor),
        at_work(end),
        hosted(folder / "a", {"ASYA_HANDLER": "asya_runtime.echo.process", **environ}, handlers) as started,
        hosted(folder / "error-end", store, folder) as end_started,
    ):
        yield Place(folder, actor, end, (started, end_started))
        actor.actor.runtime.close()
        end.actor.runtime.close()


@contextlib.asynccontextmanager
async def at_work(bench: Bench) -> AsyncIterator[None]:
    """Let a sidecar work, as far as it is more than its actor; fail at the end where something would have ended it."""
    await bench.start()
    client = asyncio.create_task(bench.actor.runtime.run())
    ticks = asyncio.create_task(_tick(bench))
    try:
        with _no_mistakes():
            yield
    finally:
        ticks.cancel()
        bench.actor.runtime.close()
        await asyncio.gather(client, ticks, return_exceptions=True)
        bench.publisher.close()
        await bench.transport.close()


@contextlib.contextmanager
def _no_mistakes() -> Iterator[None]:
    """Hear of what nobody expected, as a sidecar does, which ends for it."""
    mistakes: list[BaseException] = []

    def note(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is not None and not isinstance(error, ConnectionError):
            mistakes.append(error)

    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(note)
    yield
    loop.set_exception_handler(before)
    assert mistakes == []


@contextlib.asynccontextmanager
async def hosted(folder: Path, environ: Mapping[str, str], cwd: Path) -> AsyncIterator[list[int]]:
    """Run a runtime at `folder`, started again whenever it ends; give the process ids of all starts, as they come.

    What it logs is in `runtime.log` there.
    """
    starts: list[int] = []
    task = asyncio.create_task(_host(folder, environ, cwd, starts))
    try:
        yield starts
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _host(folder: Path, environ: Mapping[str, str], cwd: Path, starts: list[int]) -> None:
    variables = {**os.environ, "ASYA_SOCKET_DIR": str(folder), **environ}
    while True:
        with (folder / "runtime.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, str(RUNTIME), env=variables, cwd=cwd, stdout=subprocess.DEVNULL, stderr=log
            )
        starts.append(process.pid)
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    try:
        async with asyncio.timeout(END_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _tick(bench: Bench) -> None:
    """Do what a sidecar does every so often."""
    while True:
        bench.actor.tick()
        await asyncio.sleep(TICK_SECONDS)


def _sidecar_part(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in ("ASYA_HANDLER", "ASYA_HANDLER_MODE")}
