"""What is sent into the fire, and what has to become of each message. Pure: the seed decides everything."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from asya_core.ids import child_id

Kind = Literal["result", "error"]

ROUTE = ("plain", "split", "flaky", "judge")
"""The plan of every message. The judge sends some on to `refine`, which is in no plan."""

BIG_BYTES = 200_000
"""What a big payload carries besides: more than brokers and transports take with everything else in one piece."""

_SPLIT = ROUTE.index("split")


@dataclass(frozen=True, slots=True)
class End:
    """Where one id has to end, and for a result the steps that it went through."""

    kind: Kind
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its bytes, the end of every id that comes of it, and how often handlers run if nothing dies."""

    id: str
    body: bytes
    ends: Mapping[str, End]
    executions: int


@dataclass(frozen=True, slots=True)
class _Behaviour:
    """What handlers do with a kind of message: the ends of its child 0, 1, ..."""

    ends: Sequence[End]
    executions: int
    weight: int = field(default=1)


_RESULT, _ERROR = End("result", ROUTE), End("error")
_BEHAVIOURS = {
    "usual": _Behaviour([_RESULT], 4, weight=10),
    "fan": _Behaviour([_RESULT] * 3, 8, weight=3),
    "half": _Behaviour([_ERROR, _RESULT], 5),
    "passing": _Behaviour([_RESULT], 5, weight=2),
    "poison": _Behaviour([_ERROR], 4),
    "detour": _Behaviour([End("result", (*ROUTE, "refine"))], 5, weight=2),
    "big": _Behaviour([_RESULT], 4),
}
_UNREADABLE = ("garbage", "torn")


def make_messages(seed: int, count: int) -> list[Message]:
    """Return `count` messages, of every kind where there are enough of them."""
    random = Random(seed)
    kinds = [*_BEHAVIOURS, *_UNREADABLE]
    weights = [_BEHAVIOURS[kind].weight if kind in _BEHAVIOURS else 1 for kind in kinds]
    chosen = [*kinds, *random.choices(kinds, weights, k=count)][:count]
    random.shuffle(chosen)
    return [_message(f"chaos-{seed}-{number}", kind) for number, kind in enumerate(chosen)]


def raw_name(body: bytes) -> str:
    """Return what stands before the broker's own id in the name of a record of bytes that are no envelope."""
    return f"raw-{hashlib.sha256(body).hexdigest()}"


def filler(name: str) -> str:
    """Return what makes a payload big: nobody else's, so that a mistaken one is found."""
    return (name + ".") * (BIG_BYTES // (len(name) + 1))


def _message(id_: str, kind: str) -> Message:
    if kind == "garbage":
        body = b"\xff no envelope: " + id_.encode()
        return Message(id_, body, {raw_name(body): _ERROR}, 0)
    route: dict[str, object] = {"actors": list(ROUTE), "current": "soon" if kind == "torn" else 0}
    payload: dict[str, object] = {"name": id_, "kind": kind, "part": 0, "steps": []}
    if kind == "big":
        payload["filler"] = filler(id_)
    body = json.dumps({"id": id_, "route": route, "payload": payload}).encode()
    if kind == "torn":
        return Message(id_, body, {raw_name(body): _ERROR}, 0)
    behaviour = _BEHAVIOURS[kind]
    ids = [id_, *(child_id(id_, _SPLIT, index) for index in range(1, len(behaviour.ends)))]
    return Message(id_, body, dict(zip(ids, behaviour.ends, strict=True)), behaviour.executions)
