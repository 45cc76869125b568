"""A pipeline that is up, and a test's ways into it and out of it."""

from __future__ import annotations

import asyncio
import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from asya_cli.errors import CliError
from asya_cli.local.actors import read_actors
from asya_cli.local.endings import last_lines
from asya_cli.local.plan import Backoff
from asya_cli.local.planning import Wish
from asya_cli.local.results import End
from asya_cli.local.run import LocalRun
from asya_core.ids import new_id
from asya_core.transports import Consumer, Delivery, Transport, publish
from tests.pipeline.handlers.steps import GATE, NOTES
from tests.transport.parties import eventually

HERE = Path(__file__).resolve().parent
SOON = 40.0
"""Seconds within which anything happens that needs no lease to end, on a slow machine, too."""
AFTER_LEASE = 90.0
"""The same, where a lease has to end first."""


class Pipeline(LocalRun):
    """The actors of `actors/`, in a folder of their own."""

    def __init__(self, folder: Path, transport: str) -> None:
        self.work = folder / "work"
        shutil.copytree(HERE / "handlers", self.work, ignore=shutil.ignore_patterns("__pycache__"))
        (self.work / GATE).touch()
        (self.work / NOTES).touch()
        backoff = Backoff(first=0.1, longest=1.0)
        wish = Wish(self.work, read_actors(["actors"], HERE), values_files=[HERE / "values.yaml"], backoff=backoff)
        super().__init__(wish, state_dir=folder / "run", transport=transport)

    def executions(self, actor: str, name: str) -> list[dict[str, Any]]:
        """Return the notes that the actor's handler has made about a message."""
        lines = (self.work / NOTES).read_text(encoding="utf-8").splitlines()
        return [note for line in lines if (note := json.loads(line))["actor"] == actor and note["name"] == name]

    @contextmanager
    def gate_shut(self) -> Iterator[None]:
        """Keep whatever comes into the handler of `gate` there, for the length of a block."""
        with (self.work / GATE).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def said(self, actor: str, container: str, words: str) -> int:
        """Return how often some words stand in a process's log."""
        return Path(self.process(actor, container).log).read_text(encoding="utf-8").count(words)

    def last_words(self, *actors: str) -> str:
        """Return the ends of the actors' logs."""
        logs = [log for log in sorted(self.folder.logs.glob("*.log")) if not actors or log.name.split(".")[0] in actors]
        return "\n".join(line for log in logs for line in (f"--- {log.name}", *last_lines(log)))


@contextmanager
def running(folder: Path, transport: str) -> Iterator[Pipeline]:
    """Give a pipeline that is up; where it does not start, the test fails with the words of who is to blame."""
    pipeline = Pipeline(folder, transport)
    try:
        pipeline.start()
    except CliError as error:
        pytest.fail(f"{error}\n{error.detail}", pytrace=False)
    yield pipeline
    pipeline.stop()


class Outlet:
    """A queue that the test itself takes messages from: what comes out of a pipeline, byte for byte."""

    def __init__(self, name: str, consumer: Consumer, inbox: asyncio.Queue[Delivery]) -> None:
        self.name = name
        self._consumer = consumer
        self._inbox = inbox

    async def take(self) -> bytes:
        """Return the next message."""
        async with asyncio.timeout(SOON):
            delivery = await self._inbox.get()
        self._consumer.settle(delivery)
        return delivery.body


class Flow:
    """One test's connection to the pipeline."""

    def __init__(self, pipeline: Pipeline, transport: Transport) -> None:
        self.pipeline = pipeline
        self.transport = transport

    async def send(self, actors: list[str], payload: Any, *, to: str | None = None, **members: Any) -> str:
        """Send a message to the first actor, or to another one, and return its id."""
        id_ = members.pop("id", None) or new_id()
        envelope = {"id": id_, "route": {"actors": actors, "current": 0}, "payload": payload, **members}
        await self.post(to or actors[0], json.dumps(envelope).encode())
        return id_

    async def post(self, actor: str, body: bytes) -> None:
        """Send bytes to an actor's queue."""
        await publish(self.transport, self.pipeline.queue(actor), body)

    async def end(self, id_: str, within: float = SOON) -> End:
        """Wait for the end of a message; without one the test fails, with the last words of all processes."""
        end = await self.pipeline.results.wait(id_, within)
        assert end is not None, f"{id_} did not end\n{self.pipeline.last_words()}"
        return end

    async def result(self, id_: str, within: float = SOON) -> dict[str, Any]:
        """Wait for the stored envelope of a message that has to end well."""
        end = await self.end(id_, within)
        assert end.kind == "result", end.envelope
        return end.envelope

    async def error(self, id_: str, within: float = SOON) -> dict[str, Any]:
        """Wait for the stored envelope of a message that has to end in an error."""
        end = await self.end(id_, within)
        assert end.kind == "error", end.envelope
        return end.envelope

    async def outlet(self, name: str) -> Outlet:
        """Make a queue at the end of a route, and take what comes there."""
        queue, inbox = self.pipeline.queue(name), asyncio.Queue[Delivery]()
        await self.transport.ensure(queue)
        return Outlet(name, await self.transport.consume(queue, 10, inbox.put_nowait), inbox)

    async def begun(self, actor: str, name: str, times: int = 1) -> None:
        """Wait until the actor's handler has begun so often with a message."""
        await eventually(lambda: len(self.pipeline.executions(actor, name)) >= times, SOON)

    async def empty(self, *actors: str, within: float = SOON) -> None:
        """Wait until the actors' queues hold nothing, not even what is being worked on."""
        for actor in actors:

            async def holds_nothing(queue: str = self.pipeline.queue(actor)) -> bool:
                return (await self.transport.depth(queue)).total == 0

            await eventually(holds_nothing, within)

    async def restarted(self, actor: str, container: str, than: int) -> int | None:
        """Wait until a process runs with another pid, and return the exit code of the one before."""
        process = await asyncio.to_thread(self.pipeline.wait_started_anew, actor, container, than, SOON)
        return process.exit_code
