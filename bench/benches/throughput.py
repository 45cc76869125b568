"""Messages a second: a queue is filled while the system stands still, then it goes on and its output is counted.

Every system stays up for the whole run and stands still while its queue is filled; one works at a time. Rounds go
through all systems in turn, so that whatever the machine does meanwhile meets all of them alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.effort import Effort, Pids, Tell
from bench.figures import Sample, middle_cpu, next_count, rounded, spread
from bench.looks import drained
from bench.processes import resident_bytes
from bench.rows import Row
from bench.stage import CEILINGS, OURS, PEERS, WITH_CODEC, Stage
from bench.systems.base import Access, System, pause, resume

FEWEST, MOST = 100, 60_000
MOST_BYTES = 300_000_000
_GROWTH = 5
_WARM_ROUNDS = 4
_WARM_SHARE = 0.4

KIB = 1024
SIZES = (KIB, 64 * KIB, KIB * KIB)
QUICK_SIZES = SIZES[:2]
WITHOUT_CODEC = (*OURS, *PEERS, *CEILINGS)


def run_throughput(stage: Stage, effort: Effort, _found: Sequence[Row], *, quick: bool) -> list[Row]:
    """Race everybody against everybody; peers that can use orjson take part with it, too, unless it has to be quick."""
    names = WITHOUT_CODEC if quick else (*WITHOUT_CODEC, *WITH_CODEC)
    sizes = QUICK_SIZES if quick else SIZES
    with stage.everybody(names, sizes) as systems:
        rows: list[Row] = []
        for done, size in enumerate(sizes):
            rows += measure(systems, stage.broker.pids, size, effort.share(done, len(sizes)), stage.tell)
        return rows


@dataclass(slots=True)
class Entrant:
    """One system in the race: what it did so far, and how many messages it gets the next time."""

    system: System
    access: Access
    broker: Pids
    count: int = FEWEST
    samples: list[Sample] = field(default_factory=list)

    def round(self, size: int) -> Sample:
        """Fill its queue and return how it did. Raises RuntimeError when it stalls."""
        system, access = self.system, self.access
        pause(system)
        try:
            access.purge(system.queue_out)
            access.fill(system.queue_in, system.messages(size, self.count))
        finally:
            resume(system)
        parts = {**system.parts(), "broker": self.broker()}
        try:
            return drained(access, system.queue_out, self.count, parts)
        except RuntimeError as error:
            raise RuntimeError(f"{system.name}, {size} bytes: {error}") from error

    def warm_up(self, size: int, seconds: float) -> None:
        """Learn how many messages last for so many seconds; a fast system needs some tries."""
        for _ in range(_WARM_ROUNDS):
            before, sample = self.count, self.round(size)
            self.learn(sample, size, seconds)
            if before >= self.count * _WARM_SHARE:
                return
            self.count = min(self.count, before * _GROWTH)

    def learn(self, sample: Sample, size: int, seconds: float) -> None:
        """Take the next number of messages from how it did this time."""
        most = max(FEWEST, min(MOST, MOST_BYTES // size))
        self.count = next_count(sample.rate, seconds, least=FEWEST, most=most)


def measure(systems: Sequence[System], broker: Pids, size: int, effort: Effort, tell: Tell) -> list[Row]:
    """Return a row for each system, with payloads of `size` bytes. Raises RuntimeError when one stalls."""
    entrants = [Entrant(system, system.access(), broker) for system in systems]
    for entrant in entrants:
        entrant.warm_up(size, effort.seconds)
    for number in effort.numbers():
        for entrant in entrants:
            sample = entrant.round(size)
            entrant.samples.append(sample)
            entrant.learn(sample, size, effort.seconds)
        rates = "  ".join(f"{each.system.name} {each.samples[-1].rate:.0f}" for each in entrants)
        tell(f"{size} bytes, round {number} of {effort.rounds}, messages a second: {rates}")
    for entrant in entrants:
        entrant.access.purge(entrant.system.queue_out)
        entrant.access.close()
    return [row(entrant.system, entrant.samples, size) for entrant in entrants]


def row(system: System, samples: Sequence[Sample], size: int) -> Row:
    """Return what some rounds of a system came to."""
    rates, cpu = spread([sample.rate for sample in samples]), middle_cpu(samples)
    memory = {name: rounded(resident_bytes(pids) / 1e6) for name, pids in system.parts().items()}
    is_broker = system.name == "broker"
    return Row(
        bench="broker" if is_broker else "throughput",
        system="ceiling" if is_broker else system.name,
        transport=system.transport,
        payload_bytes=size,
        rate=rounded(rates.median),
        rate_min=rounded(rates.least),
        rate_max=rounded(rates.most),
        rounds=len(samples),
        cpu_us=rounded(sum(used for part, used in cpu.items() if part != "broker")),
        rss_mb=rounded(sum(memory.values())),
        details={"cpu_us": cpu, "rss_mb": memory},
    )
