"""What is done to which process, and when. Pure: the seed decides everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

Deed = Literal["kill", "freeze", "terminate"]

DEEDS: tuple[Deed, ...] = ("kill", "freeze", "terminate")
_WEIGHTS = (6, 2, 2)
_FREEZE_SECONDS = (0.5, 4.0)  # well below every lease

BROKER = ("nats", "nats-server")


@dataclass(frozen=True, slots=True)
class Act:
    """One deed, `at` seconds after the first message was sent; `seconds` is how long a freeze lasts."""

    at: float
    actor: str
    container: str
    deed: Deed
    seconds: float = 0.0


def plan_acts(seed: int, victims: Sequence[tuple[str, str]], count: int, within: float) -> list[Act]:
    """Return `count` deeds in order of time, within so many seconds; the first three are one of each."""
    random = Random(f"acts {seed}")
    deeds = [*DEEDS, *random.choices(DEEDS, _WEIGHTS, k=count)][:count]
    times = sorted(random.uniform(0, within) for _ in deeds)
    return [_act(random, at, deed, victims) for at, deed in zip(times, deeds, strict=True)]


def _act(random: Random, at: float, deed: Deed, victims: Sequence[tuple[str, str]]) -> Act:
    actor, container = random.choice(victims)
    seconds = random.uniform(*_FREEZE_SECONDS) if deed == "freeze" else 0.0
    return Act(at, actor, container, deed, seconds)
