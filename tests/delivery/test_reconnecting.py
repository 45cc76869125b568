"""A short run of `python -m tests.delivery.reconnecting`, in a process of its own, whose memory nobody else uses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.brokers.rabbitmq_server import programs_or_skip

ROOT = Path(__file__).resolve().parents[2]
CYCLES = 40
MOST_BYTES_A_CYCLE = 5 * 1024 * 1024 / 1000
SLACK = 1024 * 1024
"""Bytes that memory may grow by whatever happens: allocators take it in pieces."""


@pytest.mark.parametrize("transport", ["nats", "rabbitmq"])
def test_a_connection_that_breaks_again_and_again_leaves_nothing_behind(transport, need):
    if transport == "rabbitmq":
        programs_or_skip(need)
    command = [sys.executable, "-m", "tests.delivery.reconnecting", "--transport", transport, "--cycles", str(CYCLES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=True)
    growth = json.loads(done.stdout.splitlines()[-1])
    assert growth["cycles"] == CYCLES
    assert growth["grown"] < SLACK + MOST_BYTES_A_CYCLE * CYCLES
    assert growth["sockets"] <= 10
