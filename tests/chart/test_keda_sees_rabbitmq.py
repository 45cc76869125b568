"""The rendered trigger, asked as KEDA asks it, counts messages in progress on a real server.

KEDA's scaler rabbitmq with protocol http reads `<host>/api/queues/<virtual host>/<queue>` with the credentials of the
TriggerAuthentication, and takes `messages`, unless it is to exclude what is not acknowledged: then `messages_ready`
(pkg/scalers/rabbitmq_scaler.go of KEDA 2.21).
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from urllib.parse import quote, urlsplit

import pytest

from asya_core.transports import open_transport, publish
from tests.brokers.rabbitmq_server import Management
from tests.chart.rendering import HANDLER, JOB, SIDECAR
from tests.transport.parties import eventually


@pytest.fixture
def vhost(rabbitmq_server):
    name = rabbitmq_server.make_vhost()
    yield name
    rabbitmq_server.drop_vhost(name)


@pytest.fixture
def secret(rabbitmq_server, tmp_path):
    """Give the folder that the Secret is mounted as."""
    (tmp_path / "username").write_text(rabbitmq_server.user)
    (tmp_path / "password").write_text(rabbitmq_server.password)
    return tmp_path


@pytest.fixture
def rendered(helm, rabbitmq_server, vhost):
    addresses = {
        "url": f"amqp://{rabbitmq_server.host}:{rabbitmq_server.port}",
        "managementUrl": f"http://{rabbitmq_server.management_host}:{rabbitmq_server.management_port}",
        "vhost": vhost,
    }
    return helm.template({**HANDLER, "transport": "rabbitmq", "transports": {"rabbitmq": addresses}})


def as_keda_counts(trigger, user, password) -> int:
    asked = trigger["metadata"]
    assert (asked["protocol"], asked["mode"]) == ("http", "QueueLength")
    api = urlsplit(asked["host"])
    address = (api.hostname, api.port)
    found = Management(address, address, user, password).call(
        "GET", f"queues/{quote(asked['vhostName'], safe='')}/{asked['queueName']}"
    )
    return found["messages_ready" if asked["excludeUnacknowledged"] == "true" else "messages"]


def run_job(rendered, secret) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *rendered.container(JOB)["command"][1:]]
    environ = os.environ | rendered.env(JOB) | {"ASYA_SECRETS_DIR": str(secret)}
    return subprocess.run(command, env=environ, check=False, capture_output=True, text=True)


async def test_messages_in_progress_count_and_delayed_ones_do_not(rendered, rabbitmq_server, secret):
    done = await asyncio.to_thread(run_job, rendered, secret)
    made, found = done.stdout.splitlines()[0], done.stdout.splitlines()[-1]
    assert (done.returncode, made) == (0, "asya-my-model: made")
    assert found.startswith("depth statistics: found at RabbitMQ's management API at ")

    async def counted(expected):
        login = rabbitmq_server.user, rabbitmq_server.password

        async def is_so():
            return await asyncio.to_thread(as_keda_counts, rendered.trigger(), *login) == expected

        await eventually(is_so)

    await counted(0)
    transport = open_transport("rabbitmq", rendered.env(SIDECAR) | {"ASYA_SECRETS_DIR": str(secret)})
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
        await counted(5)
        consumer.settle(in_hand[0])
        await consumer.stop()
        await counted(4)
    finally:
        await transport.close()
