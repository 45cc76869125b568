"""Rounds of an actor: its queue is filled while it stands still, then it drains it, and the clock runs."""

from __future__ import annotations

import asyncio

from asya_cli.bench.figures import next_count
from asya_cli.bench.reading import Parts, Reading, Sample, between, renewed
from asya_cli.bench.subject import SINK, Subject, standing
from asya_cli.errors import CliError
from asya_cli.local.running import Running
from asya_cli.local.sending import send
from asya_core.transports import Transport

_FIRST = 10
_MOST = 50_000
_MOST_BYTES = 200_000_000
_GROWTH = 10
_WARM_ROUNDS = 5
_ENOUGH = 0.4  # of a round's seconds, and a warm-up has seen how fast it is
_LOOK_EVERY = 0.05
_GRACE = 30.0  # seconds beyond the handler's timeout without anything settled
_GOOD = frozenset({"success", "empty_response"})


class Rounds:
    """All rounds of one actor, each of about so many seconds."""

    def __init__(self, run: Running, subject: Subject, transport: Transport, seconds: float, size: int) -> None:
        self.samples: list[Sample] = []
        self._subject = subject
        self._transport = transport
        self._sink = run.queue(SINK)
        self._seconds = seconds
        self._most = max(_FIRST, min(_MOST, _MOST_BYTES // max(1, size)))
        self._count = _FIRST

    async def warm_up(self) -> None:
        """Learn how many messages last for a round. Raises CliError where they fail."""
        for _ in range(_WARM_ROUNDS):
            sample = await self._drain()
            if self._count / sample.rate >= self._seconds * _ENOUGH or self._count == self._most:
                break
            self._learn(sample, most=self._count * _GROWTH)
        self._learn(sample, most=self._most)

    async def go(self) -> None:
        """Do one round and keep what it came to. Raises CliError where messages fail, or none is settled any more."""
        sample = await self._drain()
        self.samples.append(sample)
        self._learn(sample, most=self._most)

    def _learn(self, sample: Sample, most: int) -> None:
        self._count = next_count(sample.rate, self._seconds, least=_FIRST, most=min(most, self._most))

    async def _drain(self) -> Sample:
        await _emptied(self._transport, self._sink)
        messages, parts = self._subject.messages(self._count), self._subject.parts()
        before = self._subject.read(parts)
        with standing(parts):
            await send(self._transport, self._subject.queue, messages)
            first = renewed(before, parts)
        return between(first, await self._until_done(first, parts))

    async def _until_done(self, first: Reading, parts: Parts) -> Reading:
        last = first
        while last.done < first.done + self._count:
            await asyncio.sleep(_LOOK_EVERY)
            now = self._subject.read(parts)
            self._check(first, now)
            if now.done == last.done and now.at - last.at > self._subject.timeout + _GRACE:
                raise CliError(
                    f"{self._subject.actor} settled {now.done - first.done} of {self._count} messages and then none "
                    f"for {now.at - last.at:.0f} s; something holds it up; look at its log"
                )
            last = now if now.done > last.done else last
        return last

    def _check(self, first: Reading, now: Reading) -> None:
        """Raise CliError when messages ended in another way than they should: their rate would tell nothing."""
        ends = {status: count - first.settled.get(status, 0) for status, count in now.settled.items()}
        if failed := sum(count for status, count in ends.items() if status not in _GOOD):
            raise CliError(
                f"{failed} of {now.done - first.done} messages failed, so there is nothing to measure; the reason is "
                f"in {self._subject.log}; `asya run` with the same payload shows it, too"
            )


async def _emptied(transport: Transport, queue: str) -> None:
    await transport.delete(queue)
    await transport.ensure(queue)
