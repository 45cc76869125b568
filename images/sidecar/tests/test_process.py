"""The sidecar as a process of its own, with a real broker and, where it takes one, the real runtime."""

import asyncio
import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from asya_core.transports import open_transport, publish
from asya_sidecar import exit_codes
from images.sidecar.tests.scripted_runtime import runtime_at, silence
from tests.brokers.nats_server import NatsServer

REPOSITORY = Path(__file__).parents[3]
RUNTIME = REPOSITORY / "images/runtime/asya_runtime"
SECONDS = 20
HANDLER = """
async def process(payload):
    return {"doubled": payload["n"] * 2}
"""


@pytest.fixture(scope="module")
def nats(need, tmp_path_factory):
    server = NatsServer(need("nats-server"), tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.stop()


class Process:
    """A program whose lines are read as they come."""

    def __init__(self, process):
        self.process = process
        self.lines = []

    async def until(self, event):
        """Read lines until one is about this event; return it."""
        async with asyncio.timeout(SECONDS):
            while raw := await self.process.stdout.readline():
                self.lines.append(json.loads(raw))
                if self.lines[-1].get("event") == event:
                    return self.lines[-1]
        raise AssertionError(f"it ended without {event}: {self.lines}")

    def send(self, number):
        self.process.send_signal(number)

    async def ended(self):
        async with asyncio.timeout(SECONDS):
            rest = await self.process.stdout.read()
            self.lines += [json.loads(line) for line in rest.splitlines()]
            return await self.process.wait()


@contextlib.asynccontextmanager
async def started(*arguments, environ, cwd=None):
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env={**os.environ, **environ}, stdout=subprocess.PIPE, cwd=cwd
    )
    try:
        yield Process(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def surroundings(nats, folder, **more):
    """Settings for a sidecar with a queue of its own, and a transport to look into it."""
    prefix = f"t{secrets.token_hex(4)}-"
    environ = {
        "ASYA_ACTOR_NAME": "a", "ASYA_TRANSPORT": "nats", "ASYA_NATS_URL": nats.url, "ASYA_QUEUE_PREFIX": prefix,
        "ASYA_SOCKET_DIR": str(folder), "ASYA_SECRETS_DIR": str(folder), "ASYA_METRICS_ADDR": "127.0.0.1:0", **more,
    }  # fmt: skip
    transport = open_transport("nats", environ)
    await transport.connect()
    for actor in ("a", "b", "happy-end", "error-end"):
        await transport.ensure(prefix + actor)
    try:
        yield environ, transport
    finally:
        await transport.close()


def message(id_, payload=None):
    return json.dumps({"id": id_, "route": {"actors": ["a", "b"], "current": 0}, "payload": payload}).encode()


async def take(transport, queue, count=1):
    """Return the next messages of a queue."""
    taken, enough = [], asyncio.Event()

    def deliver(delivery):
        taken.append(delivery)
        if len(taken) == count:
            enough.set()

    consumer = await transport.consume(queue, count, deliver)
    async with asyncio.timeout(SECONDS):
        await enough.wait()
    for delivery in taken:
        consumer.settle(delivery)
    await consumer.stop()
    return [json.loads(delivery.body) for delivery in taken]


async def test_all_mistakes_in_the_settings_are_told_at_once():
    wrong = {"ASYA_TRANSPORT": "nats", "ASYA_NATS_URL": "http://x", "ASYA_PREFETCH": "many", "ASYA_PREFECH": "1"}
    async with started("-m", "asya_sidecar", environ=wrong) as sidecar:
        assert await sidecar.ended() == exit_codes.BAD_SETTINGS
        told = [line["message"] for line in sidecar.lines if line["event"] == "bad_setting"]
        warned = [line["message"] for line in sidecar.lines if line["event"] == "unknown_setting"]

        assert {sentence.partition(":")[0] for sentence in told} == {
            "ASYA_ACTOR_NAME", "ASYA_NATS_URL", "ASYA_PREFETCH",
        }  # fmt: skip
        assert warned == ["ASYA_PREFECH: nothing reads it; is ASYA_PREFETCH meant?"]


async def test_messages_pass_through_the_real_runtime_and_sigterm_ends_everything_well(nats, folder):
    (folder / "handler.py").write_text(HANDLER)
    async with surroundings(nats, folder, ASYA_HANDLER="handler.process", ASYA_CONCURRENCY="4") as (environ, transport):
        queue, following = environ["ASYA_QUEUE_PREFIX"] + "a", environ["ASYA_QUEUE_PREFIX"] + "b"
        for number in range(50):
            await publish(transport, queue, message(f"m{number}", {"n": number}))
        await publish(transport, queue, message("bad", {}))
        async with (
            started("-m", "asya_sidecar", environ=environ) as sidecar,
            started(str(RUNTIME), environ=environ, cwd=folder),
        ):
            passed = await take(transport, following, 50)
            (record,) = await take(transport, environ["ASYA_QUEUE_PREFIX"] + "error-end")
            sidecar.send(signal.SIGTERM)

            assert await sidecar.ended() == exit_codes.OK
        assert sorted(each["payload"]["doubled"] for each in passed) == [number * 2 for number in range(50)]
        assert (record["id"], record["payload"]["details"]["type"]) == ("bad", "KeyError")
        assert (await transport.depth(queue)).total == 0


async def test_what_runs_at_sigterm_is_finished_and_what_waits_goes_back(nats, folder):
    async with (
        surroundings(nats, folder, ASYA_PREFETCH="3") as (environ, transport),
        runtime_at(folder / "asya-runtime.sock", silence) as runtime,
        started("-m", "asya_sidecar", environ=environ) as sidecar,
    ):
        queue = environ["ASYA_QUEUE_PREFIX"] + "a"
        for number in range(3):
            await publish(transport, queue, message(f"m{number}"))
        await runtime.until_invoked(1)
        sidecar.send(signal.SIGTERM)
        await runtime.until_frame(7)
        runtime.item(1, "done")
        runtime.end(1)

        assert await sidecar.ended() == exit_codes.OK
        assert [each["id"] for each in await take(transport, environ["ASYA_QUEUE_PREFIX"] + "b")] == ["m0"]
        assert sorted(each["id"] for each in await take(transport, queue, 2)) == ["m1", "m2"]


async def test_a_second_signal_cuts_the_drain_short(nats, folder):
    async with (
        surroundings(nats, folder) as (environ, transport),
        runtime_at(folder / "asya-runtime.sock", silence) as runtime,
        started("-m", "asya_sidecar", environ=environ) as sidecar,
    ):
        queue = environ["ASYA_QUEUE_PREFIX"] + "a"
        await publish(transport, queue, message("m1"))
        await runtime.until_invoked(1)
        sidecar.send(signal.SIGTERM)
        await runtime.until_frame(7)
        sidecar.send(signal.SIGINT)

        assert await sidecar.ended() == exit_codes.DRAIN_CUT_SHORT
        assert [each["id"] for each in await take(transport, queue)] == ["m1"]


async def test_probes_say_what_is_missing(nats, folder):
    async with surroundings(nats, folder) as (environ, _):
        port = free_port()
        environ["ASYA_METRICS_ADDR"] = f"127.0.0.1:{port}"
        async with started("-m", "asya_sidecar", environ=environ) as sidecar:
            await sidecar.until("consuming")
            assert await asyncio.to_thread(get, port, "/healthz") == (200, "ok\n")
            status, reason = await asyncio.to_thread(get, port, "/readyz")
            assert (status, "the runtime is not ready" in reason) == (503, True)

            async with runtime_at(folder / "asya-runtime.sock", silence):
                await sidecar.until("runtime_ready")
                assert await asyncio.to_thread(get, port, "/readyz") == (200, "ok\n")
                scraped = await asyncio.to_thread(get, port, "/metrics")
                assert 'asya_actor_messages_received_total{queue="a",transport="nats"} 0.0' in scraped[1]
            sidecar.send(signal.SIGTERM)
            assert await sidecar.ended() == exit_codes.OK


async def test_it_can_be_stopped_while_it_waits_for_a_broker(folder):
    environ = {
        "ASYA_ACTOR_NAME": "a", "ASYA_TRANSPORT": "nats", "ASYA_NATS_URL": "nats://127.0.0.1:1",
        "ASYA_SOCKET_DIR": str(folder), "ASYA_METRICS_ADDR": "127.0.0.1:0",
    }  # fmt: skip
    async with (
        runtime_at(folder / "asya-runtime.sock", silence),
        started("-m", "asya_sidecar", environ=environ) as sidecar,
    ):
        await sidecar.until("runtime_ready")
        sidecar.send(signal.SIGTERM)

        assert await sidecar.ended() == exit_codes.OK


async def test_the_queues_command_makes_real_queues(nats, folder):
    async with surroundings(nats, folder) as (environ, transport):
        command = ("-m", "asya_sidecar.queues", "ensure", "a", "new")
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, env={**os.environ, **environ}, stdout=subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(process.communicate(), SECONDS)
        prefix = environ["ASYA_QUEUE_PREFIX"]

        assert process.returncode == exit_codes.OK
        assert re.findall(r"^(\S+): (\w+)$", out.decode(), re.MULTILINE) == [
            (f"{prefix}a", "found"), (f"{prefix}new", "made"),
        ]  # fmt: skip
        assert (await transport.depth(f"{prefix}new")).total == 0


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
