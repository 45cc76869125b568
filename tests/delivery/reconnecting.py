"""`python -m tests.delivery.reconnecting`: breaks a consumer's connection again and again, and sees what is left of it.

Each cycle breaks the connection, publishes a message, and receives and settles it. The last line is JSON: by how many
bytes memory has grown since the first tenth of the cycles, and how many sockets are open in the end.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from asya_core.errors import TransportError
from asya_core.transports import Transport, publish, supervision
from tests.delivery.drain import start_server
from tests.delivery.place import KINDS, Broker
from tests.transport.parties import Inbox, eventually

MOST_GROWTH = 5 * 1024 * 1024
_WITHIN = 30.0
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Growth:
    """What so many cycles left behind."""

    transport: str
    cycles: int
    grown: int
    sockets: int


async def reconnect(transport: str, cycles: int, folder: Path) -> Growth:
    """Break the connection so often; return what is left of it."""
    server = await asyncio.to_thread(start_server, transport, folder)
    broker = KINDS[transport](server, folder, 30.0)
    await broker.network.open()
    client = broker.network.transport()
    try:
        await client.connect()
        return await _cycle(client, broker, cycles)
    finally:
        await client.close()
        await broker.network.close()
        await asyncio.to_thread(server.kill)


async def _cycle(client: Transport, broker: Broker, cycles: int) -> Growth:
    queue, inbox = "reconnecting", Inbox()
    await client.ensure(queue)
    consumer = await client.consume(queue, 5, inbox)
    memory = []
    for cycle in range(cycles):
        broker.network.sever()
        await _insist(client, queue, b"%d" % cycle)
        delivery = await inbox.take(_WITHIN)
        while delivery.body != b"%d" % cycle:
            consumer.settle(delivery)
            delivery = await inbox.take(_WITHIN)
        consumer.settle(delivery)
        if cycle in (cycles // 10, cycles - 1):
            gc.collect()
            memory.append(_resident())
    return Growth(broker.name, cycles, memory[-1] - memory[0], _sockets())


async def _insist(client: Transport, queue: str, body: bytes) -> None:
    async def sent() -> bool:
        try:
            await publish(client, queue, body)
        except TransportError:
            return False
        return True

    await eventually(sent, _WITHIN)


def _resident() -> int:
    """Return this process's memory, in bytes."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE


def _sockets() -> int:
    """Count this process's open sockets; the proxy is in it, so each connection to the broker counts three times."""
    count = 0
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            count += each.readlink().name.startswith("socket:")
    return count


def main(arguments: Sequence[str]) -> int:
    """Run once; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--transport", choices=tuple(KINDS), default="nats")
    parser.add_argument("--cycles", type=int, default=1000)
    given = parser.parse_args(arguments)
    supervision.FIRST_PAUSE_SECONDS, supervision.LONGEST_PAUSE_SECONDS = 0.005, 0.02  # it is not the pauses that leak
    with tempfile.TemporaryDirectory(prefix="asya-") as folder:
        growth = asyncio.run(reconnect(given.transport, given.cycles, Path(folder)))
    sys.stdout.write(f"{json.dumps(asdict(growth))}\n")
    return 0 if growth.grown < MOST_GROWTH else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
