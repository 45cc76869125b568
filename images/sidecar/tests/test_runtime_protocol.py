import asyncio
import contextlib
import json
import socket

import pytest

from asya_runtime import frames
from asya_sidecar import runtime_client
from asya_sidecar.runtime_client import RuntimeClient
from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.scripted_runtime import ScriptedRuntime, echo, silence, write_running

END = (1000).to_bytes(8, "big")


class Noted:
    """An owner that notes what it is told."""

    def __init__(self):
        self.told = []
        self.changed = asyncio.Event()

    def note(self, what):
        self.told.append(what)
        self.changed.set()

    def on_runtime_ready(self, hello):
        self.note(f"ready: {hello.concurrency}")

    def on_runtime_lost(self, verdict):
        self.note(f"lost: {verdict.reason}: {verdict.detail}")

    def on_runtime_draining(self):
        self.note("draining")

    def on_room(self):
        self.note("room")

    async def until(self, words):
        async with asyncio.timeout(10):
            while not any(words in each for each in self.told):
                self.changed.clear()
                await self.changed.wait()


@contextlib.asynccontextmanager
async def client_of(path, **hello):
    """An owner, its client, and the runtime at `path` that it tries to reach, not started yet."""
    owner = Noted()
    runtime = ScriptedRuntime(path, silence, **hello)
    client = RuntimeClient(runtime.socket, 1 << 20, 60.0, owner)
    running = asyncio.create_task(client.run())
    try:
        yield owner, client, runtime
    finally:
        client.close()
        await asyncio.wait_for(running, 10)
        await runtime.die()


@pytest.mark.parametrize(
    ("kind", "request_", "body"),
    [(frames.INVOKE, 1, bytes(8)), (frames.CANCEL, 1, b""), (99, 1, b""), (frames.ITEM, 0, b"1"), (frames.END, 1, b"x"),
     (frames.ERROR, 1, b"no json"), (frames.ERROR, 1, b'{"code": 5}'), (10, 0, b"{}"),
     (frames.HELLO, 0, b'{"version": 1, "mode": "payload", "concurrency": 1, "limit": 1}'), (frames.DRAIN, 5, b"")],
)  # fmt: skip
async def test_rubbish_ends_the_connection_and_the_message_is_charged_like_after_a_crash(
    folder, caplog, kind, request_, body
):
    async with working(folder, silence) as bench:
        await bench.send(envelope("m1"), envelope("m2"))
        await bench.runtime.until_invoked(1)
        bench.runtime.answer = echo
        bench.runtime.send(kind, request_, body)
        await bench.until_settled("m1", "m2")

        (record,) = bench.queued("error-end")
        assert (record["id"], record["payload"]["error"]) == ("m1", "crash_error")
        assert "broke the protocol" in record["payload"]["details"]["message"]
        assert "the runtime broke the protocol" in caplog.text


async def test_rubbish_is_charged_also_where_the_runtime_says_that_nothing_runs(folder):
    write_running(folder, {}, slots=1)
    async with working(folder, silence) as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        bench.runtime.send(99, 1)
        await bench.until_settled("m1")

        assert [record["payload"]["error"] for record in bench.queued("error-end")] == ["crash_error"]


async def test_an_error_whose_words_are_no_text_is_an_error_all_the_same(folder):
    async with working(folder, silence) as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        bench.runtime.send(frames.ERROR, 1, b'{"code": "processing_error", "message": "caf\\udce9 \\ud83d"}')
        await bench.until_settled("m1")
        (record,) = bench.queued("error-end")

        assert record["payload"]["error"] == "processing_error"
        assert record["payload"]["details"]["message"] == "caf? ?"
        assert bench.runtime.connections == 1


async def test_an_answer_that_comes_twice_or_for_nobody_is_dropped(folder):
    async with working(folder, silence) as bench:
        await bench.send(envelope("m1"), envelope("m2"))
        await bench.runtime.until_invoked(1)
        for request in (77, 1, 1, 1):
            bench.runtime.item(request, "done")
            bench.runtime.end(request)
            bench.runtime.error(request)
        await bench.runtime.until_invoked(2)
        bench.runtime.end(2)
        await bench.until_settled("m1", "m2")

        assert bench.ledger.all("published") == [("asya-b", "m1"), ("asya-happy-end", "m2")]
        assert bench.runtime.connections == 1


async def test_answers_come_in_any_order(folder):
    async with working(folder, silence, {"concurrency": 3}) as bench:
        await bench.send(*(envelope(f"m{number}") for number in (1, 2, 3)))
        await bench.runtime.until_invoked(3)
        for request in (3, 1, 2):
            bench.runtime.item(request, request)
        for request in (2, 3, 1):
            bench.runtime.end(request)
        await bench.until_settled("m1", "m2", "m3")

        assert {message["id"]: message["payload"] for message in bench.queued("b")} == {"m1": 1, "m2": 2, "m3": 3}


async def test_a_ping_is_answered_with_its_bytes(folder):
    async with working(folder, silence) as bench:
        bench.runtime.send(frames.PING, 0, b"12345678")
        bench.runtime.send(frames.PONG, 0, b"unasked")
        await bench.runtime.until_frame(frames.PONG)


async def test_an_error_may_have_fields_of_a_later_version(folder):
    async with working(folder, silence) as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        bench.runtime.error(1, "brand_new_error", weather="fair")
        (record,) = await bench.until_queued("error-end")

        assert record["payload"]["error"] == "brand_new_error"
        assert bench.sample("asya_actor_messages_failed_total", queue="a", reason="other") == 1


async def test_a_message_that_the_runtime_would_not_take_is_recorded(folder):
    async with working(folder, silence, {"limit": 500}) as bench:
        await bench.send(envelope("m1", "x" * 600), envelope("m2", "x" * 300))
        await bench.until_settled("m1")
        (record,) = bench.queued("error-end")
        await bench.runtime.until_invoked(1)

        assert record["payload"]["error"] == "msg_parsing_error"
        assert "at most 500 bytes" in record["payload"]["details"]["message"]
        assert bench.runtime.ids == ["m2"]


async def test_another_version_is_refused_with_a_remedy(folder, caplog):
    async with client_of(folder / "socket", version=2) as (owner, client, runtime):
        await runtime.start()
        await runtime.until(lambda: runtime.connections == 2)
        assert not client.ready
        assert owner.told == []

    assert "the runtime speaks version 2, this sidecar version 1; use sidecar and runtime of one release" in caplog.text


@pytest.mark.parametrize("hello", [{"concurrency": 0}, {"limit": 0}, {"batch": 0}, {"mode": "other"}, {"version": "1"}])
async def test_an_impossible_hello_is_refused(folder, hello):
    async with client_of(folder / "socket", **hello) as (owner, _, runtime):
        await runtime.start()
        await runtime.until(lambda: runtime.connections == 2)
        assert owner.told == []


async def test_it_waits_for_a_runtime_that_loads_its_handler_for_long(folder):
    async with client_of(folder / "socket", concurrency=3) as (owner, client, runtime):
        assert not client.ready
        await runtime.start()
        await owner.until("ready: 3")
        assert client.ready


async def test_it_comes_back_to_a_runtime_that_was_away(folder):
    async with client_of(folder / "socket") as (owner, _, runtime):
        await runtime.start()
        await owner.until("ready")
        await runtime.die()
        await owner.until("lost: closed: the runtime closed the socket")
        await runtime.start()
        await runtime.until(lambda: runtime.connections == 2)


async def test_a_socket_with_a_long_path_is_reached(folder):
    deep = folder / ("d" * 90) / ("e" * 90)
    deep.mkdir(parents=True)
    short = folder / "s"
    short.symlink_to(deep)
    async with client_of(short / "socket") as (owner, client, runtime):
        client.socket = deep / "socket"
        await runtime.start()
        await owner.until("ready")


async def test_what_says_nothing_is_given_up(folder, monkeypatch, caplog):
    monkeypatch.setattr(runtime_client, "GREETING_SECONDS", 0.02)
    path = folder / "asya-runtime.sock"
    accepted, twice = [], asyncio.Event()

    async def accept(reader, writer):
        accepted.append(writer)
        if len(accepted) == 2:
            twice.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(accept, str(path))
    client = RuntimeClient(path, 1 << 20, 60.0, Noted())
    running = asyncio.create_task(client.run())
    async with asyncio.timeout(10):
        await twice.wait()
    client.close()
    await running
    server.close()

    assert "says nothing" in caplog.text


async def test_what_speaks_before_its_hello_is_given_up(folder, caplog):
    path = folder / "socket"
    greetings, twice = [], asyncio.Event()

    async def accept(reader, writer):
        greetings.append(writer.write(frames.encode(frames.ITEM, 1, b"1")))
        if len(greetings) == 2:
            twice.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(accept, str(path))
    async with client_of(path) as (owner, client, _):
        async with asyncio.timeout(10):
            await twice.wait()
        assert (owner.told, client.ready) == ([], False)
    server.close()

    assert "ITEM before HELLO" in caplog.text


async def test_a_socket_that_cannot_be_used_is_told_once(folder, caplog):
    path = folder / "asya-runtime.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wrong:
        wrong.bind(str(path))
        client = RuntimeClient(path, 1 << 20, 60.0, Noted())
        running = asyncio.create_task(client.run())
        pauses, enough = [], asyncio.Event()
        pause = client._pause

        async def noted(seconds):
            pauses.append(seconds)
            if len(pauses) == 4:
                enough.set()
            await pause(seconds)

        client._pause = noted
        async with asyncio.timeout(10):
            await enough.wait()
        client.close()
        await running

    assert caplog.text.count("can't be used") == 1
    assert pauses == sorted(pauses)


async def test_a_runtime_that_drains_gets_nothing_more_and_asks_us_to_stop(folder):
    async with working(folder, silence) as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        bench.runtime.send(frames.DRAIN)
        bench.runtime.end(1)
        await bench.until_settled("m1")

        assert bench.stops == ["asked"]
        assert not bench.actor.serving
        assert json.loads(bench.runtime.invoked[0].payload) is None
