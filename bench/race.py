"""A race: every system gets its queue filled and drains it, in turn, round for round.

A system stands still while its queue is filled, and one works at a time; so whatever the machine does meanwhile meets
all of them alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from asya_cli.bench.figures import next_count, rounded, spread
from bench.effort import Effort, Pids, Tell
from bench.figures import Sample, middle_cpu
from bench.looks import drained
from bench.processes import resident_bytes
from bench.rows import Row
from bench.systems.base import Access, System, standing

FEWEST, MOST = 100, 60_000
_FEWEST_LARGE = 10
_LARGE_BYTES = 8_000_000
MOST_BYTES = 300_000_000
_GROWTH = 5
_WARM_ROUNDS = 4
_WARM_SHARE = 0.4


@dataclass(slots=True)
class Entrant:
    """One system in the race: what it did so far, and how many messages it gets the next time.

    `fan` messages come out for each that goes in; rates and costs are those of what comes out. `details` tell it from
    others in the table.
    """

    system: System
    broker: Pids
    fan: int = 1
    fewest: int = FEWEST
    details: dict[str, Any] = field(default_factory=dict)
    count: int = 0
    samples: list[Sample] = field(default_factory=list)

    def round(self, access: Access, size: int) -> Sample:
        """Fill its queue and return how it did. Raises RuntimeError when it stalls."""
        system = self.system
        with standing(system):
            access.purge(system.queue_out)
            access.fill(system.queue_in, system.messages(size, self.count))
            return drained(system, access, self.count * self.fan, self.broker())

    def warm_up(self, access: Access, size: int, seconds: float) -> None:
        """Learn how many messages last for so many seconds; a fast system needs some tries."""
        self.count = self._least(size)
        for _ in range(_WARM_ROUNDS):
            before, sample = self.count, self.round(access, size)
            self.learn(sample, size, seconds)
            if before >= self.count * _WARM_SHARE:
                return
            self.count = min(self.count, before * _GROWTH)

    def learn(self, sample: Sample, size: int, seconds: float) -> None:
        """Take the next number of messages from how it did this time."""
        least = self._least(size)
        most = max(least, min(MOST, MOST_BYTES // size) // self.fan)
        self.count = next_count(sample.rate / self.fan, seconds, least=least, most=most)

    def _least(self, size: int) -> int:
        """Return how many messages make a round at least: fewer where they are large, which also makes them slow."""
        return min(self.fewest, max(_FEWEST_LARGE, _LARGE_BYTES // size))

    def row(self, bench: str, size: int) -> Row:
        """Return what its rounds came to."""
        rates, cpu = spread([sample.rate for sample in self.samples]), middle_cpu(self.samples)
        memory = {name: rounded(resident_bytes(pids) / 1e6) for name, pids in self.system.parts().items()}
        return Row(
            bench=bench,
            system=self.system.name,
            transport=self.system.transport,
            payload_bytes=size,
            rate=rounded(rates.median),
            rate_min=rounded(rates.least),
            rate_max=rounded(rates.most),
            rounds=len(self.samples),
            cpu_us=rounded(sum(used for part, used in cpu.items() if part != "broker")),
            rss_mb=rounded(sum(memory.values())),
            details={**self.details, "cpu_us": cpu, "rss_mb": memory},
        )


def race(entrants: Sequence[Entrant], size: int, effort: Effort, tell: Tell) -> None:
    """Have each drain its queue, payloads having `size` bytes, round for round. Raises RuntimeError when one stalls."""
    ways = [entrant.system.access() for entrant in entrants]
    for entrant, access in zip(entrants, ways, strict=True):
        entrant.samples.clear()
        entrant.warm_up(access, size, effort.seconds)
    for number in effort.numbers():
        for entrant, access in zip(entrants, ways, strict=True):
            sample = entrant.round(access, size)
            entrant.samples.append(sample)
            entrant.learn(sample, size, effort.seconds)
        tell(f"{size} bytes, round {number} of {effort.rounds}, messages a second: {_line(entrants)}")
    for entrant, access in zip(entrants, ways, strict=True):
        access.purge(entrant.system.queue_out)
        access.close()


def _line(entrants: Sequence[Entrant]) -> str:
    named = [(each, " ".join(f"{name}={value}" for name, value in each.details.items())) for each in entrants]
    return "  ".join(
        f"{each.system.name} {f'{more} ' if more else ''}{each.samples[-1].rate:.0f}" for each, more in named
    )
