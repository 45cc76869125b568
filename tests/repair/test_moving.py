"""Messages are moved from queue to queue: confirmed there, then settled here."""

import asyncio
import json
import os
import signal
import subprocess
import sys

import pytest

from asya_cli.repair.moving import Move, Moving
from asya_cli.repair.pace import Pace
from asya_core.transports import publish
from tests.repair.making import message
from tests.repair.test_redriving import connected, take_all
from tests.transport.parties import has_depth

KILLED = """
import asyncio, os, signal, sys
from asya_cli.repair.moving import Move, Moving
from asya_cli.repair.pace import Pace
from asya_core.transports import open_transport

source, target, step = sys.argv[1:4]

async def main():
    transport = open_transport(os.environ["ASYA_TRANSPORT"], os.environ)
    await transport.connect()
    sends = transport.publish
    def publish(queue, body, confirmed, **options):
        def told(error):
            if step == "at the confirmation":
                os.kill(os.getpid(), signal.SIGKILL)
            confirmed(error)
        if step == "before the publish":
            os.kill(os.getpid(), signal.SIGKILL)
        sends(queue, body, told, **options)
    transport.publish = publish
    await Moving(transport, Move(source, target, 5), Pace(None), lambda fate, sentence: None).run()
    await transport.close()

asyncio.run(main())
"""


@pytest.fixture
async def broker(settings, prefix):
    """Give a transport and two queues."""
    queues = [f"{prefix}one", f"{prefix}two"]
    async with connected(settings) as transport:
        for queue in queues:
            await transport.ensure(queue)
        yield transport, *queues
        for queue in queues:
            await transport.delete(queue)


async def fill(transport, queue, messages):
    for each in messages:
        await publish(transport, queue, each if isinstance(each, bytes) else json.dumps(each).encode())


async def moved(transport, move, rate=None):
    fates = []
    await Moving(transport, move, Pace(rate), lambda fate, sentence: fates.append((fate, sentence))).run()
    return fates


def order(source, target, most, **options):
    return Move(source, target, most, was="one", becomes="two", **options)


async def test_messages_go_to_the_other_queue_as_their_actors(broker):
    transport, source, target = broker
    await fill(transport, source, [message(f"m{number}", ["zero", "one"]) for number in range(40)])
    assert await moved(transport, order(source, target, 40)) == [("moved", "")] * 40
    found = await take_all(transport, target, 40)
    assert {each["id"] for each in found} == {f"m{number}" for number in range(40)}
    assert {tuple(each["route"]["actors"]) for each in found} == {("zero", "two")}
    await has_depth(transport, source, total=0)


async def test_what_has_another_route_or_is_no_envelope_goes_unchanged(broker):
    transport, source, target = broker
    await fill(transport, source, [message("a", ["other"]), {"no": "envelope"}])
    await moved(transport, order(source, target, 2))
    first, second = sorted(await take_all(transport, target, 2), key=len)
    assert (first, second["route"]["actors"]) == ({"no": "envelope"}, ["other"])


async def test_as_is_changes_nothing(broker):
    transport, source, target = broker
    await fill(transport, source, [message("a", ["one"])])
    await moved(transport, order(source, target, 1, as_is=True))
    assert await take_all(transport, target, 1) == [message("a", ["one"])]


async def test_only_the_messages_that_are_meant_are_moved(broker):
    transport, source, target = broker
    await fill(transport, source, [message(f"m{number}", ["one"]) for number in range(10)])
    fates = await moved(transport, order(source, target, 10, ids=frozenset({"m3", "m7"})))
    assert sorted(fate for fate, _ in fates) == ["moved"] * 2 + ["passed"] * 8
    assert {each["id"] for each in await take_all(transport, target, 2)} == {"m3", "m7"}
    assert len({each["id"] for each in await take_all(transport, source, 8)}) == 8


async def test_no_more_than_so_many_are_moved(broker):
    transport, source, target = broker
    await fill(transport, source, [message(f"m{number}", ["one"]) for number in range(10)])
    assert len(await moved(transport, order(source, target, 4))) == 4
    assert len(await take_all(transport, target, 4)) == 4
    assert {each["id"] for each in await take_all(transport, source, 6)} == {f"m{number}" for number in range(4, 10)}


async def test_it_ends_when_others_take_the_messages(broker):
    transport, source, target = broker
    assert await moved(transport, order(source, target, 7)) == []


async def test_a_queue_that_is_removed_meanwhile_stops_it_and_loses_nothing(broker):
    transport, source, target = broker
    await fill(transport, source, [message(f"m{number}", ["one"]) for number in range(3)])
    await transport.delete(target)
    fates = await moved(transport, order(source, target, 3))
    assert {fate for fate, _ in fates} == {"failed"}
    assert {each["id"] for each in await take_all(transport, source, 3)} == {"m0", "m1", "m2"}


@pytest.mark.parametrize("step", ["before the publish", "at the confirmation"])
async def test_a_move_that_is_killed_leaves_every_message_somewhere(broker, settings, step):
    transport, source, target = broker
    ids = {f"m{number}" for number in range(5)}
    await fill(transport, source, [message(id_, ["one"]) for id_ in ids])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        KILLED,
        source,
        target,
        step,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **settings, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    async with asyncio.timeout(30):
        assert await process.wait() == -signal.SIGKILL
    in_target = await transport.peek(target, 10)
    depth = await transport.depth(source)
    assert {json.loads(body)["id"] for body in in_target} <= ids
    assert depth.total == 5
