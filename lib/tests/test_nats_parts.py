"""The pure decisions inside the NATS transport; everything else about it is tested against a real server."""

import asyncio
import sys

import pytest

from asya_core.errors import (
    MessageTooLargeError,
    QueueMissingError,
    SettingsError,
    TransportRefusedError,
    TransportUnavailableError,
)
from asya_core.transports.nats.absence import Absence
from asya_core.transports.nats.hand import count_and_sequence
from asya_core.transports.nats.link import Link
from asya_core.transports.nats.login import connect_options
from asya_core.transports.nats.publisher import Publisher, read_outcome
from asya_core.transports.nats.requests import Requests
from asya_core.transports.nats.settings import Secrets, read_secrets, settings_from
from asya_core.transports.nats.streams import consumer_facts, differences, require_schedules, stream_config
from asya_core.transports.nats.wire import WireError
from asya_core.transports.servers import Server, tls_context
from asya_core.transports.supervision import LONGEST_PAUSE_SECONDS, pause_before


@pytest.mark.parametrize("version", ["2.12.0", "2.15.1", "3.0.0-beta.1", "10.1"])
def test_servers_that_can_delay_messages_are_accepted(version):
    require_schedules(version)


@pytest.mark.parametrize("version", ["2.11.9", "1.4.1", "2", "", "None"])
def test_older_servers_are_refused_with_a_sentence(version):
    with pytest.raises(TransportRefusedError, match=r"delayed retries need 2\.12 or newer"):
        require_schedules(version)


@pytest.mark.parametrize(
    ("ack", "expected"),
    [
        (b"$JS.ACK.queue.actor.3.17.21.1795286870612023956.0", (3, "17")),
        (b"$JS.ACK.hub.ACCHASH.queue.actor.3.17.21.1795286870612023956.0", (3, "17")),
        (b"$JS.ACK._.ACCHASH.queue.actor.3.17.21.1795286870612023956.0.random", (3, "17")),
    ],
)
def test_count_and_number_are_read_from_both_forms_of_the_reply_subject(ack, expected):
    assert count_and_sequence(ack) == expected


@pytest.mark.parametrize("ack", [b"", b"_INBOX.abc", b"$JS.ACK.queue.actor.x.17.21.1.0", b"a.b.c.d.e.f.g"])
def test_another_reply_subject_is_refused(ack):
    with pytest.raises(WireError):
        count_and_sequence(ack)


def test_only_what_was_asked_for_can_differ():
    wanted = {"max_age": 0, "storage": "file", "subjects": ["a"]}
    assert differences(wanted, {"storage": "file", "subjects": ["a"], "created_by": "somebody"}) == ""
    sentence = differences(wanted, {"max_age": 5, "storage": "file", "subjects": ["b"]})
    assert sentence == "max_age is 5, not 0, subjects is ['b'], not ['a']"


def test_an_administrator_may_have_raised_the_replicas_of_a_queue():
    assert differences(stream_config("q"), stream_config("q") | {"num_replicas": 3}) == ""


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"stream":"other","seq":1}', QueueMissingError),
        (b'{"error":{"code":400,"err_code":10054,"description":"message size exceeds"}}', MessageTooLargeError),
        (b'{"error":{"code":503,"err_code":10023,"description":"insufficient storage"}}', TransportUnavailableError),
        (b"no JSON", TransportUnavailableError),
        (b"[]", TransportUnavailableError),
    ],
)
def test_an_answer_that_is_no_confirmation_is_an_error(body, error):
    assert isinstance(read_outcome("q", body), error)


def test_a_confirmation_is_one_whoever_else_is_named_in_it():
    assert read_outcome("q", b'{"stream":"q","seq":1,"domain":"hub","duplicate":false}') is None


def test_pauses_between_attempts_grow_to_a_limit():
    assert pause_before(0) == 0
    assert pause_before(1) <= 0.2
    assert all(
        LONGEST_PAUSE_SECONDS / 2 <= pause_before(attempt) <= LONGEST_PAUSE_SECONDS for attempt in (6, 100, 9999)
    )


def test_several_servers_can_be_named(tmp_path):
    settings = settings_from({"ASYA_NATS_URL": "nats://a, tls://b:4443", "ASYA_SECRETS_DIR": str(tmp_path)})
    assert settings.servers == (Server("a", 4222, tls=False), Server("b", 4443, tls=True))


def test_without_settings_the_server_of_the_namespace_is_taken(tmp_path):
    assert settings_from({"ASYA_SECRETS_DIR": str(tmp_path)}).servers == (Server("nats", 4222, tls=False),)


def test_a_host_that_no_name_server_can_look_up_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="is no name that can be looked up"):
        settings_from({"ASYA_NATS_URL": f"nats://{'x' * 64}:4222", "ASYA_SECRETS_DIR": str(tmp_path)})


@pytest.mark.parametrize("ca", ["nonsense", "é", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
def test_a_certificate_that_is_none_is_refused_with_a_sentence(ca):
    with pytest.raises(TransportRefusedError, match=r"ca\.crt is no usable certificate .*; put a PEM file there"):
        tls_context(ca)


def test_a_key_needs_a_package_that_may_be_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "nacl.signing", None)
    creds = "".join(
        f"-----BEGIN {name}-----\nAAAA\n------END {name}------\n" for name in ("NATS USER JWT", "USER NKEY SEED")
    )
    with pytest.raises(TransportRefusedError, match="needs the package PyNaCl"):
        connect_options({}, Secrets(creds=creds))


class SlowLink(Link):
    """A link whose server answers when it is told to."""

    def __init__(self):
        super().__init__()
        self.max_payload = 100
        self._reply = b""

    def publish(self, _subject, reply, _body):
        self._reply = reply

    def answer(self, body):
        (route,) = self._parser.routes.values()
        route(self._reply, b"", b"", body)


class AnsweringLink(Link):
    """A link whose server gives the same answer to everything."""

    def __init__(self, answer):
        super().__init__()
        self._answer = answer

    def publish(self, _subject, reply, _body):
        (route,) = self._parser.routes.values()
        asyncio.get_running_loop().call_soon(route, reply, b"", b"", self._answer)


def requests_answered_by(answer):
    requests = Requests()
    requests.link_up(AnsweringLink(answer))
    return requests


@pytest.mark.parametrize("answer", [b"nonsense", b"", b"[]", b"\xff"])
async def test_an_answer_that_is_not_jetstreams_may_be_another_one_later(answer):
    with pytest.raises(TransportUnavailableError, match="that is not JetStream"):
        await requests_answered_by(answer).call("INFO")


@pytest.mark.parametrize(
    "answer", [b"{}", b'{"created":"now"}', b'{"created":"now","config":{}}', b'{"created":"now","config":7}']
)
async def test_a_consumer_that_is_described_in_part_may_be_described_later(answer):
    with pytest.raises(TransportUnavailableError, match="described the consumer of q without"):
        await consumer_facts(requests_answered_by(answer), "q")


class Confirmations:
    """Collects what is reported, and fails at every report first."""

    def __init__(self):
        self.errors = []

    def fail(self, error):
        self.errors.append(error)
        raise ZeroDivisionError

    def take(self, error):
        self.errors.append(error)


async def after_this_turn():
    turned = asyncio.Event()
    asyncio.get_running_loop().call_soon(turned.set)
    await turned.wait()


async def test_every_sender_is_told_that_the_link_is_lost_though_one_fails():
    failures = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context["exception"]))
    publisher, told = Publisher(Absence(Requests())), Confirmations()
    publisher.link_up(SlowLink())
    publisher.publish("q", b"1", told.fail, 0.0, None)
    publisher.publish("q", b"2", told.take, 0.0, None)
    publisher.link_down("pulled")
    await after_this_turn()

    assert [type(error) for error in told.errors] == [TransportUnavailableError] * 2
    assert [type(failure) for failure in failures] == [ZeroDivisionError]


async def test_a_slow_confirmation_is_waited_for_while_the_link_lives():
    publisher, told = Publisher(Absence(Requests())), Confirmations()
    publisher.link_up(SlowLink())
    publisher.publish("q", b"1", told.take, 0.0, None)
    for _ in range(59):
        publisher.tick()
    await after_this_turn()
    assert told.errors == []

    publisher._link.answer(b'{"stream":"q","seq":1}')
    assert told.errors == [None]


async def test_a_confirmation_that_never_comes_is_reported_once():
    publisher, told = Publisher(Absence(Requests())), Confirmations()
    publisher.link_up(SlowLink())
    publisher.publish("q", b"1", told.take, 0.0, None)
    for _ in range(200):
        publisher.tick()
    await after_this_turn()
    publisher._link.answer(b'{"stream":"q","seq":1}')

    assert [str(error) for error in told.errors] == [
        "q did not confirm within 60 s; look at the NATS server's disk and its cluster"
    ]


def test_two_ways_to_enter_are_refused(tmp_path):
    (tmp_path / "token").write_text("a")
    (tmp_path / "user.creds").write_text("b")
    with pytest.raises(SettingsError, match=r"more than one of username, token and user\.creds"):
        settings_from({"ASYA_SECRETS_DIR": str(tmp_path)})


def test_a_secret_that_can_not_be_read_is_named(tmp_path):
    (tmp_path / "token").mkdir()
    with pytest.raises(SettingsError, match="token can't be read"):
        settings_from({"ASYA_SECRETS_DIR": str(tmp_path)})


def test_secrets_do_not_show_in_what_is_printed(tmp_path):
    (tmp_path / "username").write_text("asya")
    (tmp_path / "password").write_text("hunter2")
    assert "hunter2" not in repr(read_secrets(tmp_path))
