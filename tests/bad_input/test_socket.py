"""A sidecar that finds something else where the runtime's socket should be."""

from __future__ import annotations

import asyncio
import socket

import pytest

from asya_core.transports.memory import MemoryBroker
from images.sidecar.tests.bench import QUEUES, Bench, settings_for
from images.sidecar.tests.scripted_runtime import ScriptedRuntime, echo
from tests.bad_input.page import rows
from tests.bad_input.place import Place, at_work

SECONDS = 10.0


@pytest.fixture
def told(monkeypatch):
    """Give a coroutine that waits until the sidecar complains of the socket, and returns what it says."""
    sentences: asyncio.Queue[str] = asyncio.Queue()

    def error(sentence, *arguments, extra):
        assert extra == {"event": "socket_unusable"}
        sentences.put_nowait(sentence % arguments)

    monkeypatch.setattr("asya_sidecar.runtime_client.log.error", error)

    async def wait():
        async with asyncio.timeout(SECONDS):
            return await sentences.get()

    return wait


async def bench_at(folder):
    bench = Bench(settings_for(folder), MemoryBroker(), ScriptedRuntime(folder / "asya-runtime.sock", echo))
    for queue in QUEUES:
        await bench.producer.ensure(queue)
    return bench


@rows("socket-of-another-kind")
async def test_a_socket_of_another_kind_is_named_until_the_runtimes_is_there(tmp_path, row, told):
    bench = await bench_at(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(bench.runtime.socket))
        async with at_work(bench):
            row.check(where="sidecar's log", said=await told())
            await see_through(tmp_path, bench)


@rows("socket-below-a-file")
async def test_a_file_in_the_folders_place_is_named_until_the_folder_is_there(tmp_path, row, told):
    folder = tmp_path / "sockets"
    folder.touch()
    bench = await bench_at(folder)
    async with at_work(bench):
        row.check(where="sidecar's log", said=await told())
        folder.unlink()
        folder.mkdir()
        await see_through(folder, bench)


async def see_through(folder, bench):
    """Start the runtime, and see a message through."""
    await bench.runtime.start()
    await Place(folder, bench).put_good()
    bench.actor.runtime.close()
    await bench.runtime.die()
