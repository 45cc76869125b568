"""What keeps an actor from being faster, judged by one round of it and one of an empty handler. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from asya_cli.bench.reading import Sample

_FULL = 0.75
"""The share from which a place, a window, or a processor counts as always taken: rounds have a beginning and an end."""

_MOSTLY = 0.5
_MILLI = 1e-3
_ALL_BUSY = 0.1  # of the processors' time left, and there is nothing to be had


@dataclass(frozen=True, slots=True)
class Setting:
    """How the actor is set: calls at a time, messages a call, messages in hand (None: auto); is orjson in its image."""

    concurrency: int
    batch: int
    prefetch: int | None
    has_orjson: bool


@dataclass(frozen=True, slots=True)
class Limit:
    """What limits: handler, codec, prefetch, sidecar, machine or broker; how that shows, and what helps."""

    name: str
    because: str
    remedy: str


def find_limit(actor: Sample, codec: float, setting: Setting) -> Limit:
    """Return the limit; `codec` is how long the same payload takes in a handler that does nothing, in seconds."""
    busy = actor.rate * actor.inside / (setting.concurrency * setting.batch)
    if busy >= _FULL:
        return _inside(actor, codec, setting, busy)
    if setting.prefetch is not None and actor.in_hand >= _FULL * setting.prefetch:
        return Limit(
            "prefetch",
            f"the handler is busy {busy:.0%} of the time, while all {setting.prefetch} messages that the pod may hold "
            "are in hand",
            "raise prefetch, or leave it at auto",
        )
    return _outside(actor, busy)


def _inside(actor: Sample, codec: float, setting: Setting, busy: float) -> Limit:
    """Tell the handler from the reading and writing of JSON around it; both count as the handler's time."""
    share = min(1.0, codec * setting.batch / actor.inside)
    if share >= _MOSTLY:
        remedy = "smaller payloads, or more pods (scaling)" if setting.has_orjson else "orjson in the handler's image"
        return Limit("codec", f"{share:.0%} of a call's time goes into reading and writing the JSON", remedy)
    because = f"it is busy {busy:.0%} of the time, {_time(actor.inside)} a message"
    if actor.rate * actor.cpu["runtime"] >= _FULL:
        return Limit(
            "handler", f"{because}, and it computes", "a faster handler, batch.maxSize, or more pods (scaling)"
        )
    used = min(1.0, actor.cpu["runtime"] * setting.batch / actor.inside)
    return Limit(
        "handler",
        f"{because}, of which it computes {used:.0%} and waits for the rest",
        f"more calls at a time: concurrency is {setting.concurrency}; or more pods (scaling)",
    )


def _outside(actor: Sample, busy: float) -> Limit:
    idle = f"the handler is busy {busy:.0%} of the time"
    if actor.rate * actor.cpu["sidecar"] >= _FULL:
        return Limit("sidecar", f"{idle}, and the sidecar has the whole of a processor", "more pods (scaling)")
    if actor.idle <= _ALL_BUSY:
        return Limit(
            "machine",
            f"{idle}, and all processors are taken: broker, sidecar and runtime share them here",
            "a machine with more of them; in a cluster the broker has its own",
        )
    return Limit("broker", f"{idle}, and neither the sidecar nor the processors are", "a faster broker, or more pods")


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds >= _MILLI else f"{seconds * 1e6:.3g} µs"
