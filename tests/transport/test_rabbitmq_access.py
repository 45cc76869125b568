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


@pytest.mark.parametrize(
    ("consumer_timeout", "runtime_timeout", "problem"),
    [
        ({}, "30m", "ASYA_RUNTIME_TIMEOUT: 30m is not shorter than RabbitMQ's consumer_timeout, 30m, after which"),
        ({}, "29m59s", None),
        ({"ASYA_RABBITMQ_CONSUMER_TIMEOUT": "2h"}, "90m", None),
        ({"ASYA_RABBITMQ_CONSUMER_TIMEOUT": "1m"}, "300", "ASYA_RUNTIME_TIMEOUT: 300 is not shorter than"),
        ({"ASYA_RABBITMQ_CONSUMER_TIMEOUT": "soon"}, "1s", "ASYA_RABBITMQ_CONSUMER_TIMEOUT: 'soon'"),
        ({}, "soon", None),
    ],
)
def test_a_handler_that_may_take_longer_than_the_server_waits_is_refused(
    tmp_path, consumer_timeout, runtime_timeout, problem
):
    environ = {"ASYA_RUNTIME_TIMEOUT": runtime_timeout, "ASYA_SECRETS_DIR": str(tmp_path), **consumer_timeout}
    if problem is None:
        assert open_transport("rabbitmq", environ).name == "rabbitmq"
        return
    with pytest.raises(SettingsError) as raised:
        open_transport("rabbitmq", environ)
    (found,) = raised.value.problems
    assert found.startswith(problem)


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


@pytest.fixture
def hook_job(rabbit_alone, monkeypatch, capsys, tmp_path):
    """Give a coroutine that runs the hook Job; it returns the exit code and the lines."""
    settings = {
        "ASYA_TRANSPORT": "rabbitmq",
        "ASYA_RABBITMQ_URL": f"amqp://{rabbit_alone.host}:{rabbit_alone.port}",
        "ASYA_RABBITMQ_VHOST": rabbit_alone.vhost,
        "ASYA_SECRETS_DIR": str(tmp_path),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    async def run(*actors):
        code = await asyncio.to_thread(queues.main, ["ensure", *actors])
        return code, capsys.readouterr().out.splitlines()

    return run


async def test_the_hook_job_says_what_it_made_found_and_refused(rabbit_alone, hook_job):
    await rabbit_alone.make_conflicting_queue("asya-other")
    code, (made, found, refused) = await hook_job("mine", "mine", "other")
    assert code == exit_codes.TRANSPORT_FAILED
    assert (made, found) == ("asya-mine: made", "asya-mine: found")
    assert refused.startswith("asya-other: refused: queue asya-other exists with other arguments (PRECONDITION_FAILED")
    assert refused.endswith("; remove it first")


async def test_the_hook_job_makes_exactly_what_is_needed_and_changes_nothing_later(
    rabbit_alone, rabbitmq_server, hook_job
):
    def there():
        """Return queues with their type and arguments, exchanges and bindings, all but those that are always there."""
        of = f"/{rabbit_alone.vhost}"
        made = {each["name"]: each["arguments"] for each in rabbitmq_server.call("GET", f"queues{of}")}
        exchanges = {each["name"] for each in rabbitmq_server.call("GET", f"exchanges{of}")}
        bindings = rabbitmq_server.call("GET", f"bindings{of}")
        keys = ("source", "routing_key", "destination")
        routes = {tuple(each[key] for key in keys) for each in bindings if each["source"]}
        return made, {name for name in exchanges if name.startswith("asya")}, routes

    actors, levels = ("mine", "happy-end", "error-end"), [f"asya.delay.{level}" for level in range(21)]
    own = [f"asya-{actor}" for actor in actors]
    assert await hook_job(*actors) == (exit_codes.OK, [f"{queue}: made" for queue in own])
    made, exchanges, routes = first = await asyncio.to_thread(there)
    assert set(made) == {*own, *levels, "asya.delay.gone"}
    assert {arguments["x-queue-type"] for arguments in made.values()} == {"quorum"}
    assert all(made[queue] == {"x-queue-type": "quorum", "x-delivery-limit": 2**31 - 1} for queue in own)
    assert exchanges == {*levels, "asya.delay.ready", "asya.delay.gone"}
    assert {route for route in routes if route[0] == "asya.delay.ready"} == {
        ("asya.delay.ready", f"#.{queue}", queue) for queue in own
    }
    assert len(routes) == 2 * len(levels) + len(own) + 1
    assert await hook_job(*actors) == (exit_codes.OK, [f"{queue}: found" for queue in own])
    assert await asyncio.to_thread(there) == first


async def test_a_user_who_may_not_make_queues_is_told_what_is_lacking(rabbit_alone, rabbitmq_server, hook_job):
    path = f"permissions/{rabbit_alone.vhost}/{rabbitmq_server.user}"
    await asyncio.to_thread(rabbitmq_server.call, "PUT", path, {"configure": "", "write": ".*", "read": ".*"})
    code, (line,) = await hook_job("mine")
    assert code == exit_codes.TRANSPORT_FAILED
    assert line.startswith("asya-mine: error: the delay ladder: ACCESS_REFUSED")
    assert line.endswith("; give this user permission")
