"""The benches by name, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.benches.batch import run_batch
from bench.benches.claims import run_claims
from bench.benches.fan_out import run_fan_out
from bench.benches.growth import run_growth
from bench.benches.hops import run_hops
from bench.benches.latency import run_latency
from bench.benches.memory import run_memory
from bench.benches.sqs import run_sqs
from bench.benches.startup import run_startup
from bench.benches.throughput import run_nats, run_throughput
from bench.benches.waiting import run_waiting
from bench.effort import Effort
from bench.rows import Row
from bench.stage import Stage

Bench = Callable[[Stage, Effort, Sequence[Row]], list[Row]]
"""Measures one thing on a stage and returns its rows; the third argument are those of the benches before it."""

BENCHES: dict[str, Bench] = {
    "memory": run_memory,
    "throughput": run_throughput,
    "nats": run_nats,
    "latency": run_latency,
    "startup": run_startup,
    "hops": run_hops,
    "fan-out": run_fan_out,
    "waiting": run_waiting,
    "batch": run_batch,
    "claims": run_claims,
    "sqs": run_sqs,
    "growth": run_growth,
}
QUICK = ("throughput",)
