"""A large payload through five actors, a fan-out of twenty, and an error, on every broker."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from asya_cli.errors import CliError
from asya_cli.local.actors import read_actors
from asya_cli.local.planning import Wish
from asya_cli.local.run import LocalRun
from asya_cli.local.sending import connected
from asya_core.ids import new_id
from asya_core.transports import Consumer, Delivery, Transport, open_transport, publish
from tests.brokers.rabbitmq_server import require_local
from tests.transport.parties import eventually

pytestmark = pytest.mark.timeout(240)
HERE = Path(__file__).resolve().parent
SIZE = int(float(os.environ.get("PAYLOAD_MB", "5")) * 1_000_000)
"""Bytes of the largest payload; `PAYLOAD_MB=50` is the full size."""

PART = 200_001
SOON = 60.0
AROUND = 2048
"""Bytes of a message whose payload is stored elsewhere, at most."""


@dataclass
class Flow:
    """A run, a connection to its broker, and a queue of its own where messages leave the pipeline."""

    run: LocalRun
    transport: Transport
    consumer: Consumer
    inbox: asyncio.Queue[Delivery]

    async def send(self, actors: list[str], payload: Any, id_: str | None = None) -> str:
        envelope = {"id": id_ or new_id(), "route": {"actors": actors}, "payload": payload}
        await publish(self.transport, self.run.queue(actors[0]), json.dumps(envelope).encode())
        return str(envelope["id"])

    async def take(self) -> bytes:
        """Return the next message, as it is on the wire."""
        async with asyncio.timeout(SOON):
            delivery = await self.inbox.get()
        self.consumer.settle(delivery)
        return delivery.body

    def log(self, actor: str) -> str:
        """Return what the actor's sidecar has said."""
        return Path(self.run.process(actor, "asya-sidecar").log).read_text(encoding="utf-8")

    def objects(self, name: str) -> dict[str, bytes]:
        """Return what is stored of the payloads of this name, by its hash."""
        files = (path for path in self.run.folder.payloads.rglob("*") if path.is_file())
        found = {path.name: path.read_bytes() for path in files}
        return {sha256: content for sha256, content in found.items() if name.encode() in content}


@pytest.fixture(scope="module", params=["nats", "rabbitmq", "sqs"])
def run(request, need, tmp_path_factory):
    need("helm")
    if request.param == "nats":
        need("nats-server")
    elif request.param == "rabbitmq":
        require_local(need)
    folder = tmp_path_factory.mktemp(request.param)
    shutil.copytree(HERE / "handlers", folder / "work")
    run = LocalRun(
        Wish(folder / "work", read_actors(["actors"], HERE)), state_dir=folder / "run", transport=request.param
    )
    try:
        run.start()
    except CliError as error:
        pytest.fail(f"{error}\n{error.detail}", pytrace=False)
    yield run
    run.stop()


@pytest.fixture
async def flow(run) -> AsyncIterator[Flow]:
    info = run.info
    async with connected(open_transport(info.transport, {**info.environ, "ASYA_SQS_WAIT_TIME": "1s"})) as transport:
        inbox: asyncio.Queue[Delivery] = asyncio.Queue()
        await transport.ensure(run.queue("out"))
        flow = Flow(run, transport, await transport.consume(run.queue("out"), 30, inbox.put_nowait), inbox)
        yield flow
        await flow.consumer.stop()


def referred(body: bytes, objects: dict[str, bytes]) -> Any:
    """Return the payload of a message that is small, as it lies in the store."""
    assert len(body) <= AROUND
    message = json.loads(body)
    reference = message["payload_ref"]
    content = objects[reference["sha256"]]
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (reference["sha256"], reference["size"])
    return json.loads(content)


async def test_a_large_payload_passes_five_actors_and_is_stored_once(flow):
    await flow.send(["maker", "echo", "echo", "echo", "echo", "out"], {"name": "one", "parts": 1, "bytes": SIZE})
    body = await flow.take()

    objects = flow.objects("one")
    assert len(objects) == 1
    assert referred(body, objects) == {"number": 0, "content": "one" * (SIZE // 3)}


async def test_of_twenty_children_each_is_stored_once_and_passed_on_by_reference(flow):
    await flow.send(["maker", "echo", "out"], {"name": "twenty", "parts": 20, "bytes": PART})
    bodies = [await flow.take() for _ in range(20)]

    objects = flow.objects("twenty")
    assert len(objects) == 20
    numbers = sorted(referred(body, objects)["number"] for body in bodies)
    assert numbers == list(range(20))


async def test_a_result_is_stored_whole_and_an_error_refers_to_what_failed(flow):
    payload = {"number": 7, "content": "end" * PART}
    good = await flow.send(["echo"], payload)
    failing = {**payload, "fails": True}
    bad = await flow.send(["echo"], failing)

    result, error = await asyncio.gather(flow.run.results.wait(good, SOON), flow.run.results.wait(bad, SOON))
    assert result.envelope["payload"] == payload
    assert "payload_ref" not in result.envelope
    assert error.envelope["status"]["error"]["type"] == "ValueError"
    assert "original_payload" not in error.payload
    reference = error.payload["original_payload_ref"]
    assert json.loads(flow.objects("end")[reference["sha256"]]) == failing


async def test_no_message_is_lost_while_the_store_is_away(flow):
    payloads = flow.run.folder.payloads
    hidden = payloads.rename(payloads.with_name("away"))
    try:
        await flow.send(["maker", "echo", "out"], {"name": "away", "parts": 3, "bytes": PART})
        await eventually(lambda: "output_held" in flow.log("maker"), SOON)
        await flow.send(["echo", "out"], {"small": True})
        assert json.loads(await flow.take())["payload"] == {"small": True}
    finally:
        hidden.rename(payloads)

    bodies = [await flow.take() for _ in range(3)]
    objects = flow.objects("away")
    assert sorted(referred(body, objects)["number"] for body in bodies) == [0, 1, 2]
