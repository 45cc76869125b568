"""`python -m tests.delivery.drain`: stops pods at random moments, and follows every message.

SIGTERM goes to either container first or to both, while messages come, run and are published. Nothing may be executed
twice, nothing may be stranded (what a pod took along waits until its lease ends, while all that come after it pass),
and every container exits with 0. The last line is the account as JSON; the exit code is 0 when it balances.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from asya_cli.local.brokers.rabbitmq_programs import need_programs
from asya_cli.local.programs import find_program
from asya_core.transports.nats.streams import LEASE_SECONDS
from tests.brokers.moto_server import MotoServer
from tests.brokers.nats_server import NatsServer
from tests.brokers.rabbitmq_server import RabbitmqServer, say
from tests.delivery.place import KINDS, Outlet, Place
from tests.delivery.pod import Pod, notes
from tests.transport.parties import eventually

ORDERS: tuple[tuple[str, ...], ...] = (("sidecar",), ("runtime",), ("sidecar", "runtime"), ("runtime", "sidecar"))
"""Who gets SIGTERM, in this order; the other container ends by itself where it is not told."""

LONGEST_HANDLER = 0.4
STRANDED = 20
"""So many messages pass one that waits for the end of a lease, which is 30 seconds, and not one that was given back."""

Server = NatsServer | RabbitmqServer | MotoServer

_LONGEST_LIFE = 0.8
_LONGEST_GAP = 0.2
_MOST_WAITING = 6
_WITHIN = 120.0
_PATIENCE = 600.0
"""Pods that live for half a second do little on a machine that needs ten to start one."""


@dataclass(slots=True)
class Account:
    """What is known in the end. `longest_wait` is in seconds, from the publish of a message to its execution.

    `most_overtaken` counts how many messages at most were sent after another and executed before it.
    """

    transport: str
    seed: int
    stops: int = 0
    sent: int = 0
    executions: int = 0
    re_executions: int = 0
    results: int = 0
    duplicate_results: int = 0
    errors: int = 0
    missing: int = 0
    bad_exits: list[str] = field(default_factory=list)
    longest_wait: float = 0.0
    most_overtaken: int = 0

    @property
    def balances(self) -> bool:
        """Whether the promise was kept."""
        wrong = self.re_executions + self.duplicate_results + self.errors + self.missing + len(self.bad_exits)
        return wrong == 0 and self.most_overtaken < STRANDED


class Lane:
    """One actor of which one pod is there at a time."""

    def __init__(self, place: Place, random: Random, account: Account) -> None:
        self._place = place
        self._random = random
        self._account = account
        self._sent: dict[str, float] = {}

    async def run(self, stops: int) -> None:
        """Stop so many pods, then let one more finish what is there."""
        outlet, errors = await self._place.outlet("b"), await self._place.outlet("error-end")
        feeding = asyncio.create_task(self._feed(outlet))
        for number in range(stops):
            await self._stop_one(f"pod{number}")
        feeding.cancel()
        with suppress(asyncio.CancelledError):
            await feeding
        async with Pod(self._place, "last", "steps.work") as pod:
            try:
                await outlet.has(list(self._sent), _WITHIN)
            except TimeoutError:
                self._account.missing += len(set(self._sent) - set(outlet.ids))
            pod.signal(signal.SIGTERM)
            await pod.ended()
        self._add(outlet.ids, errors.ids)

    async def _feed(self, outlet: Outlet) -> None:
        """Send messages now and then, sometimes several, never more than a pod can soon work off."""
        while True:
            await eventually(lambda: len(self._sent) - len(outlet.ids) < _MOST_WAITING, _PATIENCE)
            for _ in range(self._random.choice((1, 1, 2, 5))):
                name = f"m{len(self._sent)}"
                self._sent[name] = asyncio.get_running_loop().time()
                seconds = self._random.choice((0.0, 0.02, self._random.uniform(0, LONGEST_HANDLER)))
                await self._place.send(name, seconds=seconds, sent=self._sent[name])
            await asyncio.sleep(self._random.uniform(0, 0.2))

    async def _stop_one(self, name: str) -> None:
        random, (first, *second) = self._random, self._random.choice(ORDERS)
        prefetch = {"ASYA_PREFETCH": "4"} if random.random() < 0.5 else {}
        async with Pod(self._place, name, "steps.work", **prefetch) as pod:
            await pod.ready()
            await asyncio.sleep(random.uniform(0, _LONGEST_LIFE))
            pod.signal(signal.SIGTERM, first)
            for container in second:
                await asyncio.sleep(random.uniform(0, _LONGEST_GAP))
                pod.signal(signal.SIGTERM, container)
            codes = await pod.ended()
            if codes != (0, 0):
                self._account.bad_exits.append(f"{self._place.prefix}{name}: {first} first: {codes}")
        self._account.stops += 1
        if codes == (0, 0):
            shutil.rmtree(pod.folder)

    def _add(self, results: list[str], errors: list[str]) -> None:
        account, runs = self._account, notes(self._place)
        times = Counter(each["name"] for each in runs)
        account.sent += len(self._sent)
        account.executions += len(runs)
        account.re_executions += len(runs) - len(times)
        account.results += len(results)
        account.duplicate_results += len(results) - len(set(results))
        account.errors += len(errors)
        waits = [each["monotonic"] - self._sent[each["name"]] for each in runs]
        account.longest_wait = round(max([account.longest_wait, *waits]), 2)
        account.most_overtaken = max([account.most_overtaken, *_overtaken(runs)])


def _overtaken(runs: Sequence[dict[str, Any]]) -> Iterator[int]:
    """Count for each message, in order of execution, those that were sent after it and executed before it."""
    numbers = [int(each["name"].removeprefix("m")) for each in runs]
    for place, number in enumerate(numbers):
        yield sum(other > number for other in numbers[:place])


async def drain(transport: str, seed: int, stops: int, lanes: int, folder: Path) -> Account:
    """Stop pods of several actors side by side, and return the account."""
    account = Account(transport, seed)
    server = await asyncio.to_thread(start_server, transport, folder)
    try:
        async with asyncio.TaskGroup() as group:
            for lane in range(lanes):
                own = folder / str(lane)
                own.mkdir()
                share = stops // lanes + (lane < stops % lanes)
                group.create_task(_lane(transport, server, own, Random(f"{seed} {lane}"), account, share))
    finally:
        await asyncio.to_thread(server.kill)
    return account


async def _lane(transport: str, server: Server, folder: Path, random: Random, account: Account, stops: int) -> None:
    place = Place(KINDS[transport](server, folder, LEASE_SECONDS), folder, LEASE_SECONDS)
    await place.open()
    try:
        await Lane(place, random, account).run(stops)
    finally:
        await place.close()


def start_server(transport: str, folder: Path) -> Server:
    """Return a broker of this run's own, with its data in `folder`, that serves."""
    home = folder / "broker"
    home.mkdir()
    server: Server
    match transport:
        case "sqs":
            server = MotoServer()
        case "nats":
            server = NatsServer(find_program("nats-server"), home)
        case _:
            server = RabbitmqServer(need_programs(say), home)
    server.start()
    return server


def main(arguments: Sequence[str]) -> int:
    """Run once; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.delivery.drain", description=__doc__.partition("\n")[0])
    parser.add_argument("--transport", choices=tuple(KINDS), default="nats")
    parser.add_argument("--stops", type=int, default=100, help="how many pods to stop (default: 100)")
    parser.add_argument("--lanes", type=int, default=3, help="how many actors to stop pods of at once (default: 3)")
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args(arguments)
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    with tempfile.TemporaryDirectory(prefix="asya-") as folder:
        account = asyncio.run(drain(given.transport, seed, given.stops, given.lanes, Path(folder)))
    sys.stdout.write(f"{json.dumps(asdict(account))}\n")
    return 0 if account.balances else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
