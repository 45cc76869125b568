"""A broker that is not there, or does not let a sidecar in; the RabbitMQ rows run by `make test-rabbitmq`."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket

import pytest

from asya_core.transports import open_transport
from tests.bad_input.page import each, rows
from tests.bad_input.processes import runtime
from tests.bad_input.sidecars import SECONDS, make_queues, see_through, sidecar
from tests.brokers.moto_server import MotoServer
from tests.brokers.moto_users import MotoUser, write_keys
from tests.brokers.nats_server import NatsServer
from tests.transport.parties import eventually

LOG = "sidecar's log"
USER, PASSWORD = "asya", "secret"
VHOST = "bad-input"


@pytest.fixture(scope="module")
def socket_dir(folder):
    """Give a folder where a real runtime listens, for every sidecar of these tests."""
    with runtime(folder, {"ASYA_HANDLER": "asya_runtime.echo.process"}) as process:
        process.wait_until_ready()
        yield folder


class NatsAtWork:
    """How a sidecar comes to a NATS server that asks for a password."""

    away = "no connection to NATS"

    def __init__(self, server: NatsServer, secrets_dir) -> None:
        self.server = server
        self.environ = {
            "ASYA_TRANSPORT": "nats", "ASYA_NATS_URL": server.url, "ASYA_SECRETS_DIR": str(secrets_dir),
        }  # fmt: skip

    def at(self, address: str) -> dict[str, str]:
        return {**self.environ, "ASYA_NATS_URL": f"nats://{address}"}

    async def stop(self) -> None:
        await asyncio.to_thread(self.server.stop)

    async def start(self) -> None:
        await asyncio.to_thread(self.server.start)


class RabbitmqAtWork:
    """The same for RabbitMQ, in a virtual host of its own."""

    away = "no connection to RabbitMQ"

    def __init__(self, server, secrets_dir) -> None:
        self.server = server
        self.environ = {
            "ASYA_TRANSPORT": "rabbitmq",
            "ASYA_RABBITMQ_URL": f"amqp://{server.host}:{server.port}",
            "ASYA_RABBITMQ_VHOST": server.make_vhost(),
            "ASYA_SECRETS_DIR": str(secrets_dir),
        }

    def at(self, address: str) -> dict[str, str]:
        return {**self.environ, "ASYA_RABBITMQ_URL": f"amqp://{address}"}


class SqsAtWork:
    """The same for SQS, which is moto with a user whose keys it checks."""

    away = "no connection to SQS"

    def __init__(self, server: MotoServer, user: MotoUser, secrets_dir) -> None:
        self.server = server
        self.user = user
        self.environ = {
            "ASYA_TRANSPORT": "sqs",
            "ASYA_SQS_ENDPOINT": server.url,
            "ASYA_SQS_WAIT_TIME": "1s",
            "ASYA_SECRETS_DIR": str(secrets_dir),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def at(self, address: str) -> dict[str, str]:
        return {**self.environ, "ASYA_SQS_ENDPOINT": f"http://{address}"}


def write_secrets(folder, user, password):
    folder.mkdir()
    (folder / "username").write_text(user)
    (folder / "password").write_text(password)
    return folder


@pytest.fixture(scope="module")
def nats(need, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nats")
    config = f"authorization {{ user: {USER}, password: {PASSWORD} }}"
    server = NatsServer(need("nats-server"), folder, config=config)
    server.start()
    yield NatsAtWork(server, write_secrets(folder / "secrets", USER, PASSWORD))
    server.stop()


@pytest.fixture(scope="module")
def rabbit(rabbitmq_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rabbitmq-access")
    return RabbitmqAtWork(
        rabbitmq_server, write_secrets(folder / "secrets", rabbitmq_server.user, rabbitmq_server.password)
    )


@pytest.fixture(scope="module")
def sqs(tmp_path_factory):
    server = MotoServer()
    server.start()
    user = MotoUser(server)
    asyncio.run(user.make())
    yield SqsAtWork(server, user, write_keys(tmp_path_factory.mktemp("sqs") / "secrets", user.keys))
    server.kill()


@pytest.fixture
def broker(request, row):
    """Give the broker that the row is about."""
    return request.getfixturevalue(row.id.partition("-")[0])


@pytest.fixture
async def admin(broker):
    """Give a transport that is let in, and a prefix of this test's own."""
    transport = open_transport(broker.environ["ASYA_TRANSPORT"], broker.environ)
    await transport.connect()
    yield transport
    await transport.close()


@pytest.fixture
def environ(broker, socket_dir):
    """Give the settings of a sidecar that is let in."""
    return {
        **broker.environ, "ASYA_ACTOR_NAME": "a", "ASYA_QUEUE_PREFIX": f"t{secrets.token_hex(4)}-",
        "ASYA_SOCKET_DIR": str(socket_dir), "ASYA_METRICS_ADDR": "127.0.0.1:0",
    }  # fmt: skip


def with_secrets(user, password):
    def change(_broker, folder):
        return {"ASYA_SECRETS_DIR": str(write_secrets(folder / "others", user, password))}

    return change


def without_secrets(_broker, folder):
    return {"ASYA_SECRETS_DIR": str(folder)}


def without_vhost(_broker, _folder):
    return {"ASYA_RABBITMQ_VHOST": "nowhere"}


def with_wrong_key(broker, folder):
    keys = broker.user.keys | {"aws_secret_access_key": "wrong"}
    return {"ASYA_SECRETS_DIR": str(write_keys(folder / "others", keys))}


REFUSED = {
    "sqs-wrong-key": with_wrong_key,
    "sqs-without-keys": without_secrets,
    "nats-wrong-password": with_secrets(USER, "wrong"),
    "nats-without-password": without_secrets,
    "rabbit-wrong-password": with_secrets(USER, "wrong"),
    "rabbit-without-virtual-host": without_vhost,
}


@each(REFUSED)
async def test_a_broker_that_refuses_a_sidecar_ends_it_until_it_is_mended(broker, admin, environ, tmp_path, row, case):
    prefix = environ["ASYA_QUEUE_PREFIX"]
    await make_queues(admin, prefix)
    async with sidecar({**environ, **case(broker, tmp_path)}) as process:
        assert await process.ended() == 3
        row.check(where="exit code 3", said=process.said("transport_failed"))
    async with sidecar(environ):
        await see_through(admin, prefix)


@rows("nats-queue-missing", "rabbit-queue-missing", "sqs-queue-missing")
async def test_a_sidecar_waits_for_its_queue(admin, environ, row):
    prefix = environ["ASYA_QUEUE_PREFIX"]
    async with sidecar(environ) as process:
        row.check(where=LOG, said=await process.says("not consuming yet"))
        await make_queues(admin, prefix)
        await see_through(admin, prefix)


@rows("nats-away")
async def test_a_sidecar_waits_for_its_broker(broker, admin, environ, row):
    prefix = environ["ASYA_QUEUE_PREFIX"]
    await make_queues(admin, prefix)
    await broker.stop()
    try:
        async with sidecar(environ) as process:
            row.check(where=LOG, said=await process.says(broker.away))
            await broker.start()
            await eventually(lambda: admin.connected, SECONDS)
            await see_through(admin, prefix)
    finally:
        if not broker.server.is_running:
            await broker.start()


NOWHERE = {
    "nats-host-unknown": "no-such-host.invalid",
    "rabbit-host-unknown": "no-such-host.invalid",
    "rabbit-away": "127.0.0.1:1",
    "sqs-host-unknown": "no-such-host.invalid",
    "sqs-away": "127.0.0.1:1",
}


@each(NOWHERE)
async def test_an_address_where_nobody_is_is_named(broker, admin, environ, row, case):
    prefix = environ["ASYA_QUEUE_PREFIX"]
    await make_queues(admin, prefix)
    async with sidecar({**environ, **broker.at(case)}) as process:
        row.check(where=LOG, said=await process.says(broker.away))
    async with sidecar(environ):
        await see_through(admin, prefix)


GREETINGS = {
    "sqs-port-of-something-else": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "nats-port-of-something-else": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "rabbit-port-of-something-else": b"HTTP/1.1 400 ",
}


@contextlib.asynccontextmanager
async def something_else(greeting):
    """Listen as a server of another kind does."""

    async def greet(_reader, writer):
        writer.write(greeting)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0, family=socket.AF_INET)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@each(GREETINGS)
async def test_a_port_where_something_else_listens_is_named(broker, admin, environ, row, case):
    prefix = environ["ASYA_QUEUE_PREFIX"]
    await make_queues(admin, prefix)
    async with something_else(case) as address, sidecar({**environ, **broker.at(address)}) as process:
        row.check(where=LOG, said=await process.says(broker.away))
    async with sidecar(environ):
        await see_through(admin, prefix)
