"""A local run on a RabbitMQ that is there already: it keeps to a virtual host of its own."""

import json
from urllib.parse import urlsplit

import pytest

from asya_cli.errors import CliError
from asya_cli.local.brokers.rabbitmq_given import MANAGEMENT_URL, URL, find_given, prepare_given
from asya_cli.local.ports import FreePorts
from cli.tests.commands import Workplace

HANDLERS = """
def shout(payload):
    return payload["text"].upper()
"""


@pytest.fixture
def given(rabbitmq_server, monkeypatch):
    """Name the server of the tests in the environment, and forget at the end what was made there."""
    server = rabbitmq_server
    monkeypatch.setenv(URL, f"amqp://{server.user}:{server.password}@{server.host}:{server.port}")
    monkeypatch.setenv(MANAGEMENT_URL, f"http://{server.management_host}:{server.management_port}")
    before = vhosts(server)
    yield server
    for name in vhosts(server) - before:
        server.drop_vhost(name)


def vhosts(server):
    return {each["name"] for each in server.call("GET", "vhosts")}


def queues(server, vhost):
    return {each["name"] for each in server.call("GET", f"queues/{vhost}")}


@pytest.mark.needs("helm")
@pytest.mark.timeout(240)
def test_a_run_makes_what_it_needs_in_a_virtual_host_of_its_own(given, tmp_path):
    before = vhosts(given)
    place = Workplace(tmp_path, HANDLERS)
    try:
        place("up", "--transport", "rabbitmq", "handlers.shout", "--detach")
        (vhost,) = vhosts(given) - before
        assert {"asya-handlers", "asya-happy-end", "asya-error-end"} < queues(given, vhost)
        assert json.loads(place("send", "handlers", '{"text": "hi"}', "--follow").stdout) == "HI"
        found = json.loads(place("status", "-o", "json").stdout)
        assert found["broker"] == {"name": "rabbitmq", "url": f"amqp://{given.host}:{given.port}", "ready": True}
        assert all(actor["ready"] and actor["depth"] for actor in found["actors"])
        assert place("down").stdout == "stopped\n"
    finally:
        place.close()
    secret = tmp_path / ".asya" / "secrets" / "asya-local-rabbitmq"
    assert {(file.name, file.stat().st_mode & 0o777) for file in secret.iterdir()} == {
        ("username", 0o600),
        ("password", 0o600),
    }


def test_what_waits_stays_until_everything_is_to_be_forgotten(given, tmp_path):
    folder = tmp_path / ".asya" / "rabbitmq"
    vhost = prepare_given(find_given(), folder).environ["ASYA_RABBITMQ_VHOST"]
    given.call("PUT", f"queues/{vhost}/kept", {"durable": True})
    assert prepare_given(find_given(), folder).environ["ASYA_RABBITMQ_VHOST"] == vhost
    assert queues(given, vhost) == {"kept"}
    (folder / "vhost").unlink()
    prepare_given(find_given(), folder)
    assert queues(given, vhost) == set()


def test_a_user_who_may_not_make_virtual_hosts_is_told(given, monkeypatch, tmp_path):
    monkeypatch.setenv(URL, f"amqp://nobody:wrong@{given.host}:{given.port}")
    with pytest.raises(CliError, match=r"refuses DELETE vhosts/asya-local-\w+ with status 401; the user in") as refused:
        prepare_given(find_given(), tmp_path / "rabbitmq")
    assert "wrong" not in str(refused.value)


def test_a_management_api_that_is_not_there_is_told(given, monkeypatch, tmp_path):
    del given
    monkeypatch.setenv(MANAGEMENT_URL, f"http://127.0.0.1:{FreePorts()()}")
    with pytest.raises(CliError, match="can't reach RabbitMQ's management API at http://127"):
        prepare_given(find_given(), tmp_path / "rabbitmq")


@pytest.mark.parametrize(
    ("url", "management_url", "words"),
    [
        ("http://rabbit:5672", "", "ASYA_LOCAL_RABBITMQ_URL is no address of a server; write it like amqp://user"),
        ("amqp://rabbit:5672/vhost", "", "ASYA_LOCAL_RABBITMQ_URL is no address of a server"),
        ("amqp://rabbit", "https://rabbit:15671", "ASYA_LOCAL_RABBITMQ_MANAGEMENT_URL is no address that this"),
    ],
)
def test_addresses_that_are_none_are_refused(monkeypatch, url, management_url, words):
    monkeypatch.setenv(URL, url)
    monkeypatch.setenv(MANAGEMENT_URL, management_url)
    with pytest.raises(CliError, match=words):
        find_given()


def test_what_is_not_said_is_as_rabbitmq_has_it(monkeypatch):
    monkeypatch.setenv(URL, "amqps://rabbit")
    monkeypatch.delenv(MANAGEMENT_URL, raising=False)
    found = find_given()
    assert found is not None
    assert (found.url, found.management_url) == ("amqps://rabbit:5671", "http://rabbit:15672")
    assert (found.user, found.password) == ("guest", "guest")
    assert urlsplit(found.url).username is None
