"""Who may enter a NATS server, over what kind of connection, and what is said when somebody may not."""

import asyncio

import pytest

from asya_core.errors import SettingsError, TransportRefusedError
from asya_core.transports import open_transport, publish
from tests.brokers.certificates import make_certificates
from tests.brokers.nats_accounts import USER, Key, credentials, operator_config_and_credentials
from tests.brokers.nats_server import NatsServer
from tests.transport.parties import SOON, consuming, eventually

ONE_USER = "authorization { user: asya, password: secret }"
GOOD = {"username": "asya", "password": "secret"}


@pytest.fixture
def secrets_dir(tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


@pytest.fixture
def start(need, tmp_path):
    """Give a function that starts a server with a configuration."""
    servers = []

    def start_server(config: str) -> NatsServer:
        server = NatsServer(need("nats-server"), tmp_path, config=config)
        servers.append(server)
        server.start()
        return server

    yield start_server
    for server in servers:
        server.stop()


@pytest.fixture
async def enter(secrets_dir):
    """Give a coroutine that connects to a URL with the secrets."""
    transports = []

    async def enter_server(url: str):
        transport = open_transport("nats", {"ASYA_NATS_URL": url, "ASYA_SECRETS_DIR": str(secrets_dir)})
        transports.append(transport)
        async with asyncio.timeout(SOON):
            await transport.connect()
        return transport

    yield enter_server
    for transport in transports:
        await transport.close()


def put(folder, files):
    for name, text in files.items():
        (folder / name).write_text(text)


async def test_a_password_lets_in(start, enter, secrets_dir, queue):
    put(secrets_dir, {"username": "asya\n", "password": "secret\n"})
    transport = await enter(start(ONE_USER).url)
    assert await transport.ensure(queue) == "made"


@pytest.mark.parametrize("files", [{}, {"username": "asya", "password": "wrong"}, {"token": "secret"}])
async def test_wrong_credentials_are_refused_with_a_sentence(start, enter, secrets_dir, files):
    put(secrets_dir, files)
    server = start(ONE_USER)
    with pytest.raises(TransportRefusedError, match="refuses us: Authorization Violation; check the credentials"):
        await enter(server.url)


async def test_a_token_lets_in(start, enter, secrets_dir, queue):
    put(secrets_dir, {"token": "secret"})
    transport = await enter(start("authorization { token: secret }").url)
    assert await transport.ensure(queue) == "made"


async def test_an_account_by_key_lets_in(start, enter, secrets_dir, queue):
    config, creds = operator_config_and_credentials()
    put(secrets_dir, {"user.creds": creds})
    transport = await enter(start(config).url)
    assert await transport.ensure(queue) == "made"
    await publish(transport, queue, b"work")


async def test_another_users_key_is_refused(start, enter, secrets_dir):
    config, creds = operator_config_and_credentials()
    jwt = creds.split()[4]
    put(secrets_dir, {"user.creds": credentials(jwt, Key(USER).seed)})
    server = start(config)
    with pytest.raises(TransportRefusedError, match="Authorization Violation"):
        await enter(server.url)


@pytest.mark.parametrize(
    ("creds", "sentence"),
    [("nothing", "no block 'NATS USER JWT'"), (credentials("jwt", "not-base32!"), "no usable seed")],
)
async def test_unusable_credentials_are_refused_before_they_are_sent(start, enter, secrets_dir, creds, sentence):
    put(secrets_dir, {"user.creds": creds})
    server = start(operator_config_and_credentials()[0])
    with pytest.raises(TransportRefusedError, match=sentence):
        await enter(server.url)


async def test_changed_credentials_are_used_for_the_next_connection(start, enter, secrets_dir, tmp_path, queue):
    put(secrets_dir, GOOD)
    server = start(ONE_USER)
    transport = await enter(server.url)
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 1, [].append)
    await consuming(consumer)
    (tmp_path / "nats-server.conf").write_text("authorization { user: asya, password: changed }")
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)
    await eventually(lambda: not transport.connected)
    put(secrets_dir, {"password": "changed"})
    await consuming(consumer)
    await publish(transport, queue, b"work")


@pytest.fixture(scope="module")
def certificates(need, tmp_path_factory):
    """Give a folder with an authority `ca.crt`, a certificate for 127.0.0.1, and another authority."""
    return make_certificates(need("openssl"), tmp_path_factory.mktemp("certificates"))


def tls(folder) -> str:
    return f'tls {{ cert_file: "{folder}/server.crt", key_file: "{folder}/server.key" }}'


@pytest.mark.parametrize("scheme", ["nats", "tls"])
async def test_a_server_with_a_certificate_is_entered_encrypted(start, enter, secrets_dir, certificates, queue, scheme):
    put(secrets_dir, GOOD | {"ca.crt": (certificates / "ca.crt").read_text()})
    server = start(tls(certificates) + "\n" + ONE_USER)
    transport = await enter(server.url.replace("nats", scheme))
    await transport.ensure(queue)
    await publish(transport, queue, bytes(500_000))
    assert (await transport.depth(queue)).ready == 1


@pytest.mark.parametrize("authority", ["other.crt", None])
async def test_a_certificate_of_a_stranger_is_refused(start, enter, secrets_dir, certificates, authority):
    if authority is not None:
        put(secrets_dir, {"ca.crt": (certificates / authority).read_text()})
    server = start(tls(certificates))
    with pytest.raises(TransportRefusedError, match=r"can't be trusted .* put its authority into ca\.crt"):
        await enter(server.url)


async def test_secrets_are_not_sent_in_the_clear_where_encryption_is_demanded(start, enter, secrets_dir, certificates):
    put(secrets_dir, GOOD | {"ca.crt": (certificates / "ca.crt").read_text()})
    server = start(ONE_USER)
    with pytest.raises(TransportRefusedError, match="offers no TLS"):
        await enter(server.url)


async def test_a_server_without_jetstream_is_named_as_such(start, enter, queue):
    server = start("no_auth_user: asya\naccounts { plain: { users: [{user: asya, password: x}] } }")
    transport = await enter(server.url)
    with pytest.raises(TransportRefusedError, match="not enabled for account; switch JetStream on"):
        await transport.ensure(queue)


def test_every_mistake_in_the_settings_is_named_at_once(secrets_dir):
    put(secrets_dir, {"username": "asya"})
    environ = {
        "ASYA_NATS_URL": "amqp://a,nats://user:pass@b,nats://:4222,nats://c:99999",
        "ASYA_SECRETS_DIR": str(secrets_dir),
    }
    with pytest.raises(SettingsError) as raised:
        open_transport("nats", environ)
    assert [problem.split(":")[0] for problem in raised.value.problems] == ["ASYA_NATS_URL"] * 4 + ["ASYA_SECRETS_DIR"]
    assert "pass@" not in str(raised.value)
