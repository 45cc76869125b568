"""The rendered trigger, asked as KEDA asks it, counts messages in progress on a real server.

KEDA's scaler nats-jetstream reads /jsz of the monitoring endpoint, looks for the stream and the consumer by name, and
adds up num_pending and num_ack_pending (pkg/scalers/nats_jetstream_scaler.go of KEDA 2.21).
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request

import pytest

from asya_core.transports import open_transport, publish
from tests.brokers.nats_server import NatsServer
from tests.chart.rendering import HANDLER, JOB, SIDECAR


@pytest.fixture(scope="module")
def server(need, tmp_path_factory):
    server = NatsServer(need("nats-server"), tmp_path_factory.mktemp("nats"), config='http: "127.0.0.1:-1"')
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def rendered(helm, server):
    return helm.template(
        {**HANDLER, "transports": {"nats": {"url": server.url, "monitoringEndpoint": server.monitoring}}}
    )


def as_keda_counts(trigger) -> int | None:
    """Return the lag, or None where KEDA would report that stream or consumer is missing."""
    asked = trigger["metadata"]
    query = urllib.parse.urlencode({"acc": asked["account"], "consumers": "true", "config": "true"})
    with urllib.request.urlopen(f"http://{asked['natsServerMonitoringEndpoint']}/jsz?{query}", timeout=10) as answer:
        accounts = json.load(answer)["account_details"]
    streams = [
        stream for account in accounts if account["name"] == asked["account"] for stream in account["stream_detail"]
    ]
    consumers = [each for stream in streams if stream["name"] == asked["stream"] for each in stream["consumer_detail"]]
    found = [each for each in consumers if each["name"] == asked["consumer"]]
    return found[0]["num_pending"] + found[0]["num_ack_pending"] if found else None


def run_job(rendered) -> int:
    command = [sys.executable, *rendered.container(JOB)["command"][1:]]
    return subprocess.run(command, env=os.environ | rendered.env(JOB), check=False).returncode


async def test_messages_in_progress_count_and_delayed_ones_do_not(rendered):
    assert await asyncio.to_thread(run_job, rendered) == 0
    assert as_keda_counts(rendered.trigger()) == 0

    transport = open_transport("nats", rendered.env(SIDECAR))
    await transport.connect()
    try:
        for number in range(5):
            await publish(transport, "asya-my-model", str(number).encode())
        await publish(transport, "asya-my-model", b"later", delay=600)
        in_hand, taken = [], asyncio.Event()

        def deliver(delivery) -> None:
            in_hand.append(delivery)
            if len(in_hand) == 2:
                taken.set()

        consumer = await transport.consume("asya-my-model", 2, deliver)
        async with asyncio.timeout(20):
            await taken.wait()
        assert as_keda_counts(rendered.trigger()) == 5

        await consumer.stop()
        assert as_keda_counts(rendered.trigger()) == 5
    finally:
        await transport.close()
