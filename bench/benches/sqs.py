"""SQS by calls for a message, since that is what it costs and what limits it; a stand-in's own rate says little."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from asya_cli.bench.figures import rounded
from bench.calls import CallCounter
from bench.effort import Effort
from bench.figures import percentile
from bench.looks import drained
from bench.rows import Row
from bench.stage import Stage
from bench.systems.asya import Chain
from bench.systems.base import standing
from bench.systems.transport_access import TransportAccess

SIZE = 1024
FULL, SINGLE = 1000, 20
_WITHIN = 60.0
_INTERVAL = 0.005


def run_sqs(stage: Stage, _effort: Effort, _found: Sequence[Row]) -> list[Row]:
    """Return a row for full load, and one for messages that come one at a time."""
    with CallCounter() as counter, stage.actors("sqs", [stage.step("asya")], transport="sqs", lead=counter.lead) as run:
        chain = Chain("asya", ["asya"], run)
        access = TransportAccess(run.open_transport())
        access.ensure(chain.queue_out)
        rows = [_full(chain, access, counter, run.broker_pids()), _single(chain, access, counter)]
        access.close()
    stage.tell(f"calls a message: full load {rows[0].details['calls']}, one at a time {rows[1].details['calls']}")
    return rows


def _full(chain: Chain, access: TransportAccess, counter: CallCounter, broker: list[int]) -> Row:
    _one_by_one(chain, access, 1)  # so that it is known how long the handler takes
    already = access.depth(chain.queue_out)
    with standing(chain):
        access.fill(chain.queue_in, chain.messages(SIZE, FULL))
        counter.counts.clear()
        sample = drained(chain, access, already + FULL, broker)
    _wait(lambda: -access.total(chain.queue_in), 0)
    details = {"load": "full", "calls": _calls(counter, FULL)}
    return Row(
        bench="sqs",
        system=chain.name,
        transport="sqs",
        payload_bytes=SIZE,
        rate=rounded(sample.rate),
        rounds=1,
        details=details,
    )


def _single(chain: Chain, access: TransportAccess, counter: CallCounter) -> Row:
    counter.counts.clear()
    seconds = sorted(_one_by_one(chain, access, SINGLE))
    details = {"load": "one at a time", "calls": _calls(counter, SINGLE)}
    return Row(
        bench="sqs",
        system=chain.name,
        transport="sqs",
        payload_bytes=SIZE,
        rounds=SINGLE,
        p50_ms=rounded(percentile(seconds, 0.5) * 1e3),
        p99_ms=rounded(percentile(seconds, 0.99) * 1e3),
        details=details,
    )


def _one_by_one(chain: Chain, access: TransportAccess, count: int) -> list[float]:
    """Send each message once the one before has come out; return how many seconds each took."""
    seconds = []
    for message in chain.messages(SIZE, count):
        more, began = access.depth(chain.queue_out) + 1, time.monotonic()
        access.fill(chain.queue_in, [message])
        _wait(lambda: access.depth(chain.queue_out), more)
        seconds.append(time.monotonic() - began)
    return seconds


def _calls(counter: CallCounter, messages: int) -> dict[str, float]:
    """Return calls for each message, by action and together."""
    counts = dict(counter.counts)
    each = {action: round(count / messages, 3) for action, count in sorted(counts.items())}
    return {"all": round(sum(counts.values()) / messages, 3), **each}


def _wait(count: Callable[[], int], most: int) -> None:
    """Wait until `count` is as high as that."""
    until = time.monotonic() + _WITHIN
    while count() < most:
        if time.monotonic() > until:
            raise RuntimeError(f"SQS: nothing came out any more for {_WITHIN:g} s")
        time.sleep(_INTERVAL)
