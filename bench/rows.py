"""What a run writes into `results.json`: the machine, the versions, and one row for each thing measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct


class Row(Struct, frozen=True, kw_only=True):
    """One measured thing. Whatever does not apply to its bench is None.

    `rate` is messages a second, the median of `rounds` rounds, beside the lowest and the highest of them. `cpu_us` is
    the processor time of the system's own processes for one message, without the broker's. `rss_mb` is their resident
    memory in MB (10^6 bytes) after the last round. `details` holds what only this bench has.
    """

    bench: str
    system: str
    transport: str = "rabbitmq"
    payload_bytes: int | None = None
    rate: float | None = None
    rate_min: float | None = None
    rate_max: float | None = None
    rounds: int | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    cpu_us: float | None = None
    rss_mb: float | None = None
    details: dict[str, Any] = {}


class Results(Struct, frozen=True, kw_only=True):
    """A whole run. `machine` and `versions` are what a reader needs to judge it; `commit` is ours."""

    machine: dict[str, Any]
    versions: dict[str, str]
    commit: str
    rows: list[Row]


def write(results: Results, file: Path) -> None:
    """Put the results in place whole, so that whoever reads never sees half of them."""
    fresh = file.with_suffix(".new")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
    fresh.replace(file)


def read(file: Path) -> Results:
    """Read what `write` wrote."""
    return msgspec.json.decode(file.read_bytes(), type=Results)
