"""A runtime that says what the protocol does not allow, or what nobody asked for."""

from __future__ import annotations

import json
import struct

import pytest
import pytest_asyncio

from asya_core.transports.memory import MemoryBroker
from asya_runtime import frames
from asya_sidecar import runtime_client
from images.sidecar.tests.bench import QUEUES, Bench, settings_for
from images.sidecar.tests.scripted_runtime import ScriptedRuntime, echo, one_after_another
from tests.bad_input.page import each, rows
from tests.bad_input.place import NEXT, Place, at_work, message

pytestmark = pytest.mark.asyncio(loop_scope="module")
SIZE = 65_536
LOG = "sidecar's log"
HELLO = {"version": 1, "mode": "payload", "concurrency": 1, "limit": SIZE}


class RudeRuntime(ScriptedRuntime):
    """A runtime that greets with whatever bytes a test wants."""

    greeting: bytes | None = None

    def send(self, kind: int, request: int = 0, body: bytes = b"") -> None:
        if kind == frames.HELLO and self.greeting is not None:
            self.write(self.greeting)
        else:
            super().send(kind, request, body)

    def write(self, data: bytes) -> None:
        assert self.writer is not None
        self.writer.write(data)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(folder):
    runtime = RudeRuntime(folder / "asya-runtime.sock", echo, limit=SIZE)
    bench = Bench(settings_for(folder, ASYA_MAX_BODY_BYTES=str(SIZE)), MemoryBroker(), runtime)
    for queue in QUEUES:
        await bench.producer.ensure(queue)
    await runtime.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime_client, "_LAST_RETRY", 0.05)  # else most of the time goes by before it connects anew
        async with at_work(bench):
            yield Place(folder, bench)
            bench.actor.runtime.close()
            await runtime.die()


def saying(*said):
    """Answer with these frames: a kind, whether it is about the request, and a body."""

    def answer(runtime, invoked):
        for kind, request, body in said:
            runtime.send(kind, invoked.request if request is True else request, body)

    return answer


def writing(make):
    """Answer with bytes, made from the request's number."""

    def answer(runtime, invoked):
        runtime.write(make(invoked.request))

    return answer


def breaking_off(runtime, invoked):
    runtime.write(frames.encode(frames.ITEM, invoked.request, b'"a whole item"')[:20])
    runtime.writer.close()


def hanging_up(runtime, _invoked):
    runtime.writer.close()


END = frames.end_body(1000)
BROKEN = {
    "runtime-length-too-short": writing(lambda request: struct.pack(">IBQ", 8, frames.ITEM, request)),
    "runtime-announces-2-gigabytes": writing(lambda _: struct.pack(">I", 2**31)),
    "runtime-announces-more-than-the-limit": writing(lambda _: struct.pack(">I", 2 * SIZE + 10)),
    "runtime-kind-unknown": saying((99, True, b"")),
    "runtime-kind-zero": saying((0, True, b"")),
    "runtime-kind-of-the-sidecar": saying((frames.INVOKE, True, bytes(8))),
    "runtime-item-without-a-request": saying((frames.ITEM, 0, b"1")),
    "runtime-drain-with-a-request": saying((frames.DRAIN, True, b"")),
    "runtime-item-empty": saying((frames.ITEM, True, b"")),
    "runtime-end-too-long": saying((frames.END, True, bytes(9))),
    "runtime-drain-with-a-body": saying((frames.DRAIN, 0, b"now")),
    "runtime-hello-twice": saying((frames.HELLO, 0, json.dumps(HELLO).encode())),
    "runtime-error-not-json": saying((frames.ERROR, True, b"it failed")),
    "runtime-error-not-utf-8": saying((frames.ERROR, True, b'{"code": "\xff"}')),
    "runtime-error-too-deep": saying((frames.ERROR, True, b'{"code":"x","message":"y","more":' + b"[" * 50_000)),
    "runtime-error-without-a-code": saying((frames.ERROR, True, b'{"message": "it failed"}')),
    "runtime-breaks-off": breaking_off,
    "runtime-hangs-up": hanging_up,
    "runtime-item-not-json": saying((frames.ITEM, True, b"{no"), (frames.END, True, END)),
    "runtime-error-of-an-unknown-code": saying(
        (frames.ERROR, True, b'{"code": "no_such_code", "message": "it failed"}')
    ),
}


@each(BROKEN)
async def test_a_broken_answer_is_recorded_and_the_next_message_passes(place, row, case):
    place.actor.runtime.answer = one_after_another(case, echo)
    ending = await place.put(message(row.id))
    assert ending.check_record(row)["id"] == row.id
    assert ending.outputs == []
    await place.put_good()


DROPPED = {
    "runtime-item-after-end": saying((frames.ITEM, True, b"1"), (frames.END, True, END), (frames.ITEM, True, b"2")),
    "runtime-answers-twice": saying(
        (frames.ITEM, True, b"1"), (frames.END, True, END), (frames.END, True, END), (frames.ERROR, True, b"{}")
    ),
    "runtime-answers-what-nobody-asked": saying(
        (frames.ITEM, 2**63, b"7"), (frames.END, 2**63, END), (frames.ERROR, 2**63 + 1, b"no json"),
        (frames.ITEM, True, b"1"), (frames.END, True, END),
    ),
}  # fmt: skip


@each(DROPPED)
async def test_an_answer_that_nobody_waits_for_changes_nothing(place, row, case):
    connections = place.actor.runtime.connections
    place.actor.runtime.answer = one_after_another(case, echo)
    ending = await place.put(message(row.id))
    assert [(json.loads(each["id"]), each["payload"]) for each in ending.outputs] == [(row.id, b"1")]
    assert ending.records == []
    row.check(where=NEXT)
    await place.put_good()
    assert place.actor.runtime.connections == connections


def hello(**members):
    return frames.encode(frames.HELLO, 0, json.dumps({**HELLO, **members}).encode())


GREETINGS = {
    "runtime-hello-of-another-version": hello(version=2),
    "runtime-hello-without-room": hello(concurrency=0),
    "runtime-hello-with-too-much-room": hello(concurrency=10**6),
    "runtime-hello-of-another-mode": hello(mode="batch"),
    "runtime-hello-not-json": frames.encode(frames.HELLO, 0, b"hello"),
    "runtime-hello-not-utf-8": frames.encode(frames.HELLO, 0, b'{"mode": "\xff"}'),
    "runtime-speaks-before-hello": frames.encode(frames.ITEM, 1, b"1"),
    "runtime-speaks-http": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


async def greeted_with(place, greeting):
    """Have the sidecar greeted so, twice, then well."""
    runtime = place.actor.runtime
    runtime.greeting = greeting
    connections = runtime.connections
    runtime.hang_up()
    await runtime.until(lambda: runtime.connections >= connections + 2)
    runtime.greeting = None


@each(GREETINGS)
async def test_who_greets_badly_is_not_served_and_the_next_one_is(place, row, case, caplog):
    await greeted_with(place, case)
    said = [each.getMessage() for each in caplog.records if getattr(each, "event", "") == "protocol_error"]
    row.check(where=LOG, said=said[0])
    await place.put_good()


@rows("runtime-says-nothing")
async def test_who_says_nothing_is_given_up_and_the_next_one_is_served(place, row, caplog, monkeypatch):
    monkeypatch.setattr(runtime_client, "GREETING_SECONDS", 0.05)
    await greeted_with(place, b"")
    monkeypatch.undo()
    said = [each.getMessage() for each in caplog.records if getattr(each, "event", "") == "runtime_silent"]
    row.check(where=LOG, said=said[0])
    await place.put_good()
