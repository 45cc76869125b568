"""What keeps an actor from being faster, judged by one round of it and one of an empty handler. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from asya_cli.bench.reading import Sample

_BUSY = 0.75
"""The share from which something counts as always at work: rounds have a beginning and an end."""

_HALF = 0.5
_NOTHING_LEFT = 0.1  # of the processors' time
_MILLI = 1e-3

AHEAD_SECONDS, MOST_AHEAD = 0.1, 400
"""What `prefetch: auto` holds beside what runs: the sidecar's figures, which is not imported here."""


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
    worker, sidecar = _worker(actor, setting), actor.rate * actor.cpu["sidecar"]
    idle = f"the handler is at work {worker:.0%} of the time"
    if worker < _BUSY and (wanted := _worth_holding(actor, setting)) is not None:
        because = f"{idle}, for a pod may hold {setting.prefetch} messages, where {wanted} would keep it at work"
        return Limit("prefetch", because, "raise prefetch, or leave it at auto")
    if worker >= _HALF and worker >= sidecar:
        return _inside(actor, codec, setting, worker)
    if sidecar >= _BUSY:
        return Limit("sidecar", f"{idle}, the sidecar's processor {sidecar:.0%}", "more pods (scaling)")
    if actor.idle <= _NOTHING_LEFT:
        because = (
            f"{idle}, and this machine's processors have nothing left, be it for broker, sidecar, or other programs"
        )
        return Limit(
            "machine", because, "a machine with more of them, or with less to do; a cluster's broker has its own"
        )
    because = f"{idle}, the sidecar's processor {sidecar:.0%}; both wait for the broker's answers"
    return Limit("broker", because, "a faster or nearer broker, or more pods (scaling)")


def _worker(actor: Sample, setting: Setting) -> float:
    """Return how busy the handler's process is: by its calls, or by its processor, which threads may have to share."""
    calls = actor.rate * actor.inside / (setting.concurrency * setting.batch)
    return min(1.0, max(calls, actor.rate * actor.cpu["runtime"]))


def _worth_holding(actor: Sample, setting: Setting) -> int | None:
    """Return how many messages should be in hand, where prefetch allows less than half of that."""
    if setting.prefetch is None:
        return None
    ahead = min(MOST_AHEAD, int(AHEAD_SECONDS * setting.concurrency / actor.inside))
    wanted = setting.concurrency * setting.batch + ahead
    return wanted if setting.prefetch < wanted * _HALF else None


def _inside(actor: Sample, codec: float, setting: Setting, worker: float) -> Limit:
    """Tell the handler from the reading and writing of JSON around it; both count as the handler's time."""
    share = min(1.0, codec * setting.batch / actor.inside)
    if share >= _HALF:
        remedy = "smaller payloads, or more pods (scaling)" if setting.has_orjson else "orjson in the handler's image"
        return Limit("codec", f"{share:.0%} of a call's time goes into reading and writing the JSON", remedy)
    because = f"it is at work {worker:.0%} of the time, {_time(actor.inside)} a message"
    used = min(1.0, actor.cpu["runtime"] * setting.batch / actor.inside)
    if used >= _HALF or actor.rate * actor.cpu["runtime"] >= _BUSY:
        remedy = "a faster handler, batch.maxSize, or more pods (scaling)"
        return Limit("handler", f"{because}, and it computes", remedy)
    return Limit(
        "handler",
        f"{because}, of which it computes {used:.0%} and waits for the rest",
        f"more calls at a time than the {setting.concurrency} of concurrency, or more pods (scaling)",
    )


def _time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{seconds * 1e3:.3g} ms" if seconds >= _MILLI else f"{seconds * 1e6:.3g} µs"
