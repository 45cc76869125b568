"""What is done to which process, and when. Pure: the seed decides everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

Victim = Literal["worker", "supervisor", "sidecar", "broker", "network", "queue"]
Deed = Literal["kill", "freeze", "terminate", "reset", "strand", "black-hole", "throttle", "remove"]

DEEDS: dict[Victim, tuple[Deed, ...]] = {
    "worker": ("kill", "freeze"),
    "supervisor": ("kill", "freeze", "terminate"),
    "sidecar": ("kill", "freeze", "terminate"),
    "broker": ("kill", "freeze"),
    "network": ("reset", "strand", "black-hole", "throttle"),
    "queue": ("remove",),
}
"""What may happen to whom. The network is the one between the sidecars and the broker."""

SPARED: dict[str, frozenset[tuple[Victim, Deed]]] = {"sqs": frozenset({("broker", "kill")})}
"""What is not done where a run has this transport: the stand-in for SQS has its messages in memory alone."""

LASTING = frozenset({"freeze", "black-hole", "throttle", "remove"})
"""What is undone again after a while."""

MOST_REMOVED_SECONDS = 20.0
"""How long a queue is away at most: far less than publishers hold on to an output (`unroutableAfter`, a minute)."""

_HOW_OFTEN: dict[Victim, int] = {"worker": 4, "supervisor": 4, "sidecar": 4, "broker": 1, "network": 4, "queue": 1}
_WEIGHTS: dict[Deed, int] = {
    "kill": 6, "freeze": 2, "terminate": 2, "reset": 4, "strand": 2, "black-hole": 2, "throttle": 2, "remove": 2,
}  # fmt: skip
_SHORTEST = 0.5


@dataclass(frozen=True, slots=True)
class Act:
    """One deed, `at` seconds after the first message was sent; `seconds` is how long it lasts, where it does.

    `actor` is whose process, network or queue it is, empty for the broker's process.
    """

    at: float
    actor: str
    victim: Victim
    deed: Deed
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Heat:
    """How much is done: `count` deeds to `victims` of `actors`, `within` so many seconds; `freeze` is the longest.

    `removable` are the actors whose queue may be taken away; what is `spared` is not done.
    """

    actors: Sequence[str]
    removable: Sequence[str]
    victims: Sequence[Victim]
    count: int
    within: float
    freeze: float
    spared: frozenset[tuple[Victim, Deed]] = frozenset()


def plan_acts(seed: int, heat: Heat) -> list[Act]:
    """Return the deeds in order of time. One of each kind is among them, and of what lasts the longest."""
    random = Random(f"acts {seed}")
    each = [kind for victim in heat.victims for deed in DEEDS[victim] if (kind := (victim, deed)) not in heat.spared]
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
    actor = "" if victim == "broker" else random.choice(heat.removable if victim == "queue" else heat.actors)
    seconds = 0.0
    if deed in LASTING:
        most = min(heat.freeze, MOST_REMOVED_SECONDS) if deed == "remove" else heat.freeze
        seconds = most if longest else random.uniform(_SHORTEST, most)
    return Act(at, actor, victim, deed, seconds)
