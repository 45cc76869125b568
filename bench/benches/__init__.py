"""The benches by name, in the order in which they run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bench.benches.throughput import run_throughput
from bench.effort import Effort
from bench.rows import Row
from bench.stage import Stage

__all__ = ["BENCHES", "QUICK", "Bench"]


class Bench(Protocol):
    """Measures one thing on a stage. `found` holds the rows of the benches before it; `quick` means the least of it."""

    def __call__(self, stage: Stage, effort: Effort, found: Sequence[Row], /, *, quick: bool) -> list[Row]:
        """Return the rows."""


BENCHES: dict[str, Bench] = {"throughput": run_throughput}
QUICK = ("throughput",)
