"""Who may enter RabbitMQ, over what kind of connection, and what is said when something is refused."""

import asyncio

import pytest

from asya_cli.local.ports import FreePorts
from asya_core.errors import SettingsError, TransportRefusedError, TransportUnavailableError
from asya_core.transports import open_transport, publish
from asya_sidecar import exit_codes, queues
from tests.transport.parties import Inbox, consuming, eventually, send_all
from tests.transport.rabbitmq_harness import RabbitmqHarness

CHANGE = 'rabbit_auth_backend_internal:change_password(<<"{}">>, <<"{}">>, <<"test">>)'


@pytest.mark.parametrize(("file", "text"), [("password", "wrong"), ("username", "nobody")])
async def test_wrong_credentials_are_refused_with_a_sentence(rabbit, tmp_path, file, text):
    (tmp_path / file).write_text(text)
    transport = rabbit.transport()
    with pytest.raises(TransportRefusedError, match=r"refuses us: ACCESS_REFUSED.*check username and password"):
        await transport.connect()


def encrypted(rabbitmq_server, folder):
    """Return a transport over TLS with the secrets in `folder`, built from the environment as a sidecar does."""
    url = f"amqps://127.0.0.1:{rabbitmq_server.tls_port}"
    return open_transport("rabbitmq", {"ASYA_RABBITMQ_URL": url, "ASYA_SECRETS_DIR": str(folder)})


@pytest.mark.needs("openssl")
@pytest.mark.usefixtures("rabbit")
async def test_amqps_is_entered_encrypted(rabbitmq_server, rabbitmq_certificates, tmp_path, queue):
    (tmp_path / "ca.crt").write_text((rabbitmq_certificates / "ca.crt").read_text())
    transport = encrypted(rabbitmq_server, tmp_path)
    await transport.connect()
    assert await transport.ensure(queue) == "made"
    await publish(transport, queue, bytes(500_000))
    await transport.delete(queue)
    await transport.close()


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("authority", ["other.crt", None])
@pytest.mark.usefixtures("rabbit")
async def test_a_certificate_of_a_stranger_is_refused(rabbitmq_server, rabbitmq_certificates, tmp_path, authority):
    if authority is not None:
        (tmp_path / "ca.crt").write_text((rabbitmq_certificates / authority).read_text())
    with pytest.raises(TransportRefusedError, match=r"can't be trusted .* put its authority into ca\.crt"):
        await encrypted(rabbitmq_server, tmp_path).connect()


def test_every_mistake_in_the_settings_is_named_at_once(tmp_path):
    (tmp_path / "username").write_text("asya")
    environ = {
        "ASYA_RABBITMQ_URL": "nats://a,amqp://user:pass@b,amqp://:5672,amqp://c:99999,amqp://d/vhost",
        "ASYA_RABBITMQ_MANAGEMENT_URL": "amqp://a",
        "ASYA_SECRETS_DIR": str(tmp_path),
    }
    with pytest.raises(SettingsError) as raised:
        open_transport("rabbitmq", environ)
    names = [problem.split(":")[0] for problem in raised.value.problems]
    assert names == ["ASYA_RABBITMQ_URL"] * 5 + ["ASYA_RABBITMQ_MANAGEMENT_URL", "ASYA_SECRETS_DIR"]
    assert "pass@" not in str(raised.value)


async def test_a_missing_virtual_host_is_refused_with_a_sentence(rabbitmq_server, tmp_path):
    transport = RabbitmqHarness(rabbitmq_server, tmp_path, "missing").transport()
    with pytest.raises(TransportRefusedError, match=r"virtual host 'missing': NOT_ALLOWED.*; make it, or give"):
        await transport.connect()


async def test_a_changed_password_is_used_for_the_next_connection(
    rabbit_network, rabbitmq_server, parties, queue, tmp_path
):
    transport = await parties.join(rabbit_network)
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 1, Inbox())
    await consuming(consumer)
    try:
        await asyncio.to_thread(rabbitmq_server.evaluate, CHANGE.format(rabbitmq_server.user, "changed"))
        rabbit_network.sever()
        await eventually(lambda: not transport.connected)
        (tmp_path / "password").write_text("changed")
        await consuming(consumer)
    finally:
        own = CHANGE.format(rabbitmq_server.user, rabbitmq_server.password)
        await asyncio.to_thread(rabbitmq_server.evaluate, own)
        (tmp_path / "password").write_text(rabbitmq_server.password)


async def test_without_the_management_api_what_is_in_flight_is_not_counted(rabbit, parties, queue):
    rabbit.has_management = False
    transport, inbox = await parties.join(rabbit), Inbox()
    await transport.ensure(queue)
    await send_all(transport, queue, [b"1", b"2"])
    await transport.consume(queue, 1, inbox)
    await inbox.take()
    depth = await transport.depth(queue)
    assert (depth.ready, depth.in_flight, depth.delayed) == (1, 0, 0)


async def test_a_management_api_that_refuses_or_is_away_is_said(rabbit, rabbitmq_server, parties, queue, tmp_path):
    transport = await parties.join(rabbit)
    await transport.ensure(queue)
    (tmp_path / "password").write_text("wrong")
    with pytest.raises(TransportRefusedError, match="refuses this user; give it the tag `monitoring`"):
        await transport.depth(queue)
    (tmp_path / "password").write_text(rabbitmq_server.password)
    rabbit.management_port = FreePorts()()
    lost = await parties.join(rabbit)
    with pytest.raises(TransportUnavailableError, match=r"management API at .* can't be reached"):
        await lost.depth(queue)


async def test_the_hook_job_says_what_it_made_found_and_refused(rabbit_alone, monkeypatch, capsys, tmp_path):
    settings = {
        "ASYA_TRANSPORT": "rabbitmq",
        "ASYA_RABBITMQ_URL": f"amqp://{rabbit_alone.host}:{rabbit_alone.port}",
        "ASYA_RABBITMQ_VHOST": rabbit_alone.vhost,
        "ASYA_SECRETS_DIR": str(tmp_path),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    await rabbit_alone.make_conflicting_queue("asya-other")
    assert await asyncio.to_thread(queues.main, ["ensure", "mine", "mine", "other"]) == exit_codes.TRANSPORT_FAILED
    made, found, refused = capsys.readouterr().out.splitlines()
    assert (made, found) == ("asya-mine: made", "asya-mine: found")
    assert refused.startswith("asya-other: refused: queue asya-other exists with other arguments (PRECONDITION_FAILED")
    assert refused.endswith("; remove it first")
