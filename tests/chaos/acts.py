"""What is done to which process, and when. Pure: the seed decides everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

Victim = Literal["worker", "supervisor", "sidecar", "broker"]
Deed = Literal["kill", "freeze", "terminate"]

DEEDS: dict[Victim, tuple[Deed, ...]] = {
    "worker": ("kill", "freeze"),
    "supervisor": ("kill", "freeze", "terminate"),
    "sidecar": ("kill", "freeze", "terminate"),
    "broker": ("kill", "freeze"),
}
"""What may happen to whom."""

_HOW_OFTEN: dict[Victim, int] = {"worker": 4, "supervisor": 4, "sidecar": 4, "broker": 1}
_WEIGHTS: dict[Deed, int] = {"kill": 6, "freeze": 2, "terminate": 2}
_SHORTEST_FREEZE = 0.5


@dataclass(frozen=True, slots=True)
class Act:
    """One deed, `at` seconds after the first message was sent; `seconds` is how long a freeze lasts.

    `actor` is whose process it is, empty for the broker's.
    """

    at: float
    actor: str
    victim: Victim
    deed: Deed
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Heat:
    """How much is done: `count` deeds to `victims` of `actors`, `within` so many seconds; `freeze` is the longest."""

    actors: Sequence[str]
    victims: Sequence[Victim]
    count: int
    within: float
    freeze: float


def plan_acts(seed: int, heat: Heat) -> list[Act]:
    """Return the deeds in order of time. The first are one of each kind, and their freezes the longest."""
    random = Random(f"acts {seed}")
    each = [(victim, deed) for victim in heat.victims for deed in DEEDS[victim]]
    weights = [_HOW_OFTEN[victim] * _WEIGHTS[deed] for victim, deed in each]
    random.shuffle(first := list(each))
    kinds = [*first, *random.choices(each, weights, k=heat.count)][: heat.count]
    times = sorted(random.uniform(0, heat.within) for _ in kinds)
    return [
        _act(random, heat, at, kind, longest=number < len(first))
        for number, (at, kind) in enumerate(zip(times, kinds, strict=True))
    ]


def _act(random: Random, heat: Heat, at: float, kind: tuple[Victim, Deed], *, longest: bool) -> Act:
    victim, deed = kind
    actor = "" if victim == "broker" else random.choice(heat.actors)
    seconds = 0.0
    if deed == "freeze":
        seconds = heat.freeze if longest else random.uniform(_SHORTEST_FREEZE, heat.freeze)
    return Act(at, actor, victim, deed, seconds)
