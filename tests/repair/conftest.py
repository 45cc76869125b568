"""Real stores and brokers for what mends errors."""

from __future__ import annotations

import http.client
import secrets
from contextlib import closing

import pytest

from asya_core.objects import open_store
from tests.brokers.moto_server import CREDENTIALS, REGION
from tests.brokers.nats_server import NatsServer


@pytest.fixture(scope="session")
def nats(need, tmp_path_factory):
    server = NatsServer(need("nats-server"), tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def nats_settings(nats):
    """Give the settings that lead to NATS."""
    return {"ASYA_TRANSPORT": "nats", "ASYA_NATS_URL": f"nats://127.0.0.1:{nats.port}"}


@pytest.fixture
def rabbitmq_settings(rabbitmq_server, tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "username").write_text(rabbitmq_server.user)
    (folder / "password").write_text(rabbitmq_server.password)
    return {
        "ASYA_TRANSPORT": "rabbitmq",
        "ASYA_RABBITMQ_URL": f"amqp://{rabbitmq_server.host}:{rabbitmq_server.port}",
        "ASYA_RABBITMQ_MANAGEMENT_URL": f"http://{rabbitmq_server.management_host}:{rabbitmq_server.management_port}",
        "ASYA_RABBITMQ_VHOST": rabbitmq_server.vhost,
        "ASYA_SECRETS_DIR": str(folder),
    }


@pytest.fixture
def sqs_settings(moto_server, tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    for name, value in CREDENTIALS.items():
        (folder / name).write_text(value)
    return {
        "ASYA_TRANSPORT": "sqs",
        "ASYA_SQS_REGION": REGION,
        "ASYA_SQS_ENDPOINT": moto_server.url,
        "ASYA_SECRETS_DIR": str(folder),
    }


@pytest.fixture(params=["nats", "rabbitmq", "sqs"])
def settings(request):
    """Give the settings that lead to each broker."""
    return request.getfixturevalue(f"{request.param}_settings")


@pytest.fixture
def prefix():
    """Give what the names of a test's queues begin with."""
    return f"t{secrets.token_hex(4)}-"


@pytest.fixture
def bucket(moto_server, monkeypatch):
    """Give the URL of an S3 bucket, and the environment that leads there."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_server.url)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    name = f"b{secrets.token_hex(6)}"
    connection = http.client.HTTPConnection("127.0.0.1", moto_server.port)
    with closing(connection):
        connection.request("PUT", f"/{name}")
        assert connection.getresponse().status == 200
    return f"s3://{name}/asya"


@pytest.fixture(params=["file", "s3"])
def store_url(request, tmp_path):
    """Give each kind of store that runs here."""
    return request.getfixturevalue("bucket") if request.param == "s3" else (tmp_path / "store").as_uri()


@pytest.fixture
def store(store_url):
    return open_store(store_url)
