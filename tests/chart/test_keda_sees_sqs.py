"""The rendered trigger, asked as KEDA asks it, counts messages in progress.

KEDA's scaler aws-sqs-queue calls GetQueueAttributes at `awsEndpoint` (or AWS's own), with `queueURL` as it stands for
the queue, and adds up visible messages, with scaleOnInFlight those that somebody holds, and with scaleOnDelayed those
that wait (pkg/scalers/aws_sqs_queue_scaler.go of KEDA 2.21).
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import botocore.session
import pytest

from asya_core.transports import open_transport, publish
from tests.brokers.moto_server import CREDENTIALS
from tests.chart.rendering import HANDLER, JOB, SIDECAR

ACTOR = "seen-by-keda"
QUEUE = f"asya-{ACTOR}"


@pytest.fixture
def secret(tmp_path):
    """Give the folder that the Secret is mounted as."""
    for name, text in CREDENTIALS.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def rendered(helm, moto_server):
    sqs = {"endpoint": moto_server.url, "existingSecret": "keys"}
    return helm.template({**HANDLER, "actor": ACTOR, "transport": "sqs", "transports": {"sqs": sqs}})


def as_keda_counts(rendered, secret) -> int:
    asked = rendered.trigger()["metadata"]
    references = rendered.one("TriggerAuthentication")["spec"]["secretTargetRef"]
    keys = {each["parameter"]: (secret / each["key"]).read_text() for each in references}
    names = ["ApproximateNumberOfMessages"]
    names += ["ApproximateNumberOfMessagesNotVisible"] if asked["scaleOnInFlight"] == "true" else []
    names += ["ApproximateNumberOfMessagesDelayed"] if asked["scaleOnDelayed"] == "true" else []
    client = botocore.session.Session().create_client(
        "sqs",
        region_name=asked["awsRegion"],
        endpoint_url=asked["awsEndpoint"],
        aws_access_key_id=keys["awsAccessKeyID"],
        aws_secret_access_key=keys["awsSecretAccessKey"],
    )
    found = client.get_queue_attributes(QueueUrl=asked["queueURL"], AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def run_job(rendered, secret) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *rendered.container(JOB)["command"][1:]]
    environ = os.environ | rendered.env(JOB) | {"ASYA_SECRETS_DIR": str(secret)}
    return subprocess.run(command, env=environ, check=False, capture_output=True, text=True)


async def test_messages_in_progress_count_and_delayed_ones_do_not(rendered, secret):
    done = await asyncio.to_thread(run_job, rendered, secret)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, f"{QUEUE}: made"), done.stderr

    async def counted():
        return await asyncio.to_thread(as_keda_counts, rendered, secret)

    assert await counted() == 0
    transport = open_transport("sqs", rendered.env(SIDECAR) | {"ASYA_SECRETS_DIR": str(secret)})
    await transport.connect()
    try:
        for number in range(5):
            await publish(transport, QUEUE, str(number).encode())
        await publish(transport, QUEUE, b"later", delay=600)
        in_hand, taken = [], asyncio.Event()

        def deliver(delivery) -> None:
            in_hand.append(delivery)
            if len(in_hand) == 2:
                taken.set()

        consumer = await transport.consume(QUEUE, 2, deliver)
        async with asyncio.timeout(20):
            await taken.wait()
        assert await counted() == 5
        await consumer.stop()
        assert await counted() == 5
    finally:
        await transport.delete(QUEUE)
        await transport.close()


def test_a_secret_that_is_missing_is_a_sentence_with_its_keys(rendered, tmp_path):
    done = run_job(rendered, tmp_path)

    assert done.returncode != 0
    assert "Secret 'keys' is missing in this namespace, or empty" in done.stdout
    assert "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in done.stdout
