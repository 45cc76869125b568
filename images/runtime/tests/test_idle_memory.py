"""How much memory an idle runtime takes: supervisor and worker together, what they share counted once."""

from __future__ import annotations

import os
import statistics
import sys
from pathlib import Path

import pytest

VERSION = (3, 13)
MEGABYTE = 10**6


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def proportional(pid):
    """Return the bytes of a process, where a page that several processes share is divided among them."""
    lines = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines())
    return next(int(parts[1]) * 1024 for parts in lines if parts[0] == "Pss:")


@pytest.mark.parametrize(
    ("handler", "most"), [("asya_runtime.echo.process", 16 * MEGABYTE), ("coroutines.echo", 26 * MEGABYTE)]
)
def test_an_idle_runtime_is_small(start, need, handler, most):
    if sys.version_info[:2] != VERSION or not Path(f"/proc/{os.getpid()}/smaps_rollup").exists():
        need.missing(
            "idle memory is measured on Python 3.13 alone",
            remedy="run `python -m tools.runtime_matrix` where Python 3.13 is on PATH",
        )
    sizes = []
    for _ in range(3):
        runtime = start(handler)
        client = runtime.connect()
        for request in range(1, 100):
            client.call(request, {"n": request})
        pids = [runtime.process.pid, *children(runtime.process.pid)]
        assert len(pids) == 2
        sizes.append(sum(map(proportional, pids)))
        client.close()
        runtime.terminate()
        assert runtime.process.wait(20) == 0

    assert statistics.median(sizes) <= most
