"""The four frameworks, one worker process each, in an environment of their own."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asya_cli.bench.processes import descendants
from bench.amqp import Client, Message
from bench.broker import Broker
from bench.environments import Environments
from bench.payloads import payload
from bench.processes import Program
from bench.systems.base import QUEUE_IN, QUEUE_OUT, numbered

APPS = Path(__file__).resolve().parent.parent / "apps"
START_SECONDS = 30.0
_INTERVAL = 0.02
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HEX = re.compile(rb"\b[0-9a-f]{32}\b")


@dataclass(frozen=True, slots=True)
class Kind:
    """A framework: the module of its app, and how its worker is run. `codec` says that orjson is at hand."""

    name: str
    app: str
    command: tuple[str, ...]
    codec: bool = False
    env: dict[str, str] = field(default_factory=dict)


_CELERY = "celery --app celery_app worker --queues in --pool solo --without-gossip --without-mingle --loglevel WARNING"
_DRAMATIQ = "dramatiq dramatiq_app --processes 1 --threads 8 --queues in"
_TASKIQ = "taskiq worker taskiq_app:broker --workers 1 --ack-type when_executed --log-level WARNING"
_FASTSTREAM = "faststream run faststream_app:app --log-level warning"

KINDS = {
    each.name: each
    for each in (
        Kind("celery", "celery_app", tuple(_CELERY.split())),
        Kind("dramatiq", "dramatiq_app", tuple(_DRAMATIQ.split())),
        Kind("taskiq", "taskiq_app", tuple(_TASKIQ.split())),
        Kind("faststream", "faststream_app", tuple(_FASTSTREAM.split())),
        Kind("taskiq-orjson", "taskiq_app", tuple(_TASKIQ.split()), codec=True),
        Kind("faststream-orjson", "faststream_app", tuple(_FASTSTREAM.split()), codec=True),
    )
}
"""Each in the fastest of the configurations that lose nothing when a worker or the broker is killed."""


class Peer:
    """One framework's worker on a virtual host of its own."""

    transport = "rabbitmq"
    queue_in, queue_out = QUEUE_IN, QUEUE_OUT

    def __init__(self, kind: Kind, broker: Broker, environments: Environments, folder: Path) -> None:
        self.name = kind.name
        self.url = broker.make_vhost(f"bench-{kind.name}")
        self._kind = kind
        self._python = environments.peers
        self._folder = folder
        paths = [str(APPS), *([str(environments.codec_packages)] if kind.codec else [])]
        self._env = {
            **kind.env,
            "BENCH_URL": self.url,
            "BENCH_CODEC": "orjson" if kind.codec else "json",
            "PYTHONPATH": ":".join(paths),
            "PYTHONDONTWRITEBYTECODE": "",
        }
        self._program: Program | None = None
        self._templates: dict[int, tuple[Message, str]] = {}

    def access(self) -> Client:
        """Open a connection to its virtual host."""
        return Client(self.url)

    def prepare(self, sizes: Sequence[int]) -> None:
        """Have the framework's own producer send one message of each size, and keep them with the ids they have."""
        self._have_sent([payload(size) for size in sizes])
        client = Client(self.url)
        for size in sizes:
            message = client.get(self.queue_in)
            if message is None:
                raise RuntimeError(f"{self.name}: its producer sent nothing")
            self._templates[size] = (message, _id_of(message))
        client.close()

    def start(self) -> None:
        """Run the worker, and wait until it has passed on a message."""
        client = Client(self.url)
        self.launch()
        client.fill(self.queue_in, self.messages(min(self._templates), 1))
        until = time.monotonic() + START_SECONDS
        while client.depth(self.queue_out) == 0:
            if self._running.is_running and time.monotonic() < until:
                time.sleep(_INTERVAL)
                continue
            words = self._running.last_words()
            self.stop()
            raise RuntimeError(f"{self.name} passed no message on within {START_SECONDS:g} s:\n{words}")
        client.purge(self.queue_out)
        client.close()

    def launch(self) -> Program:
        """Run the worker without waiting for it."""
        name, *arguments = self._kind.command
        command = (str(self._python.with_name(name)), *arguments)
        self._program = Program(command, self._env, self._folder / f"{self.name}.log")
        return self._program

    def messages(self, size: int, count: int) -> Iterable[Message]:
        """Yield copies of what the framework's own producer sends."""
        return numbered(*self._templates[size], count)

    def parts(self) -> dict[str, list[int]]:
        """Return the worker, with what helps it."""
        return {"worker": descendants([self._running.pid])}

    def stop(self) -> None:
        """End the worker."""
        if self._program is not None:
            self._program.end()
            self._program = None

    @property
    def _running(self) -> Program:
        if self._program is None:
            raise RuntimeError(f"{self.name} is not started")
        return self._program

    def _have_sent(self, payloads: Sequence[dict[str, Any]]) -> None:
        command = (str(self._python), str(APPS / "send_each.py"), self._kind.app)
        log = self._folder / f"{self.name}.log"
        with log.open("ab") as words:
            done = subprocess.run(
                command, env=self._env, input=json.dumps(payloads).encode(), stdout=words, stderr=words, check=False
            )
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}: its producer failed:\n{log.read_text(encoding='utf-8')[-2000:]}")


def _id_of(message: Message) -> str:
    """Return the id that the framework gave the message, wherever it stands."""
    for pattern in (_UUID, _HEX):
        for text in (message.properties, message.body):
            if found := pattern.search(text):
                return found[0].decode()
    raise RuntimeError(f"no id in {message.properties[:300]!r}")
